import YAML

/// The file of kube-apiserver's `--authorization-config`: the webhook, which can only deny, before Node and RBAC.
///
/// Source: Kubernetes documentation, "Configuring the API Server using an Authorization Config File".
public struct AuthorizationConfiguration: Sendable {
    /// The usual name of the webhook's kubeconfig, beside the file; `kubeConfigFile` points to it.
    public static let kubeconfigName = "authorization-webhook.kubeconfig"

    /// The absolute path of the webhook's kubeconfig as the API server sees it.
    public var kubeconfigPath: String
    /// The form of the file that the API server knows.
    public var form: Form

    /// The configuration of one API server.
    public init(kubeconfigPath: String, form: Form) {
        self.kubeconfigPath = kubeconfigPath
        self.form = form
    }

    /// The forms of the file. An API server does not start with one that it does not know.
    public enum Form: Sendable, CaseIterable {
        /// Of 1.30 and 1.31.
        case beta
        /// Since 1.32.
        case stable
        /// Since 1.34: with the cache fields, which older API servers reject.
        case stableWithCacheFields

        /// The form for a release; nil if that release knows no such file.
        public init?(for release: KubernetesRelease) {
            switch release {
            case KubernetesRelease(1, 34)...: self = .stableWithCacheFields
            case KubernetesRelease(1, 32)...: self = .stable
            case KubernetesRelease(1, 30)...: self = .beta
            default: return nil
            }
        }

        fileprivate var apiVersion: String {
            switch self {
            case .beta: "apiserver.config.k8s.io/v1beta1"
            case .stable, .stableWithCacheFields: "apiserver.config.k8s.io/v1"
            }
        }
    }

    /// The file's content, in YAML.
    public var text: String {
        let caching =
            form == .stableWithCacheFields
            ? """

                cacheAuthorizedRequests: false
                cacheUnauthorizedRequests: false
            """ : ""
        return """
            # kube-apiserver reads this file again when it changes:
            #   --authorization-config=THIS FILE, in place of --authorization-mode and --authorization-webhook-*
            apiVersion: \(form.apiVersion)
            kind: AuthorizationConfiguration
            authorizers:
            - type: Webhook
              name: kube-entra
              webhook:
                timeout: 1s
                # Without an answer, the authorizers below decide.
                failurePolicy: NoOpinion
                # Not cached: 0 would mean the API server's defaults of 5 minutes and 30 seconds.
                authorizedTTL: 1ms
                unauthorizedTTL: 1ms\(caching)
                subjectAccessReviewVersion: v1
                matchConditionSubjectAccessReviewVersion: v1
                connectionInfo:
                  type: KubeConfigFile
                  kubeConfigFile: \(YAMLText.quoted(kubeconfigPath))
                # Only for people and applications of Entra: no node, controller or service account ever waits for it.
                matchConditions:
                - expression: "has(request.extra) && 'kube-entra.dev/tenant-id' in request.extra"
            - type: Node
              name: node
            - type: RBAC
              name: rbac

            """
    }
}
