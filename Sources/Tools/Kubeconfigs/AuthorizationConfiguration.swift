import YAML

/// The file of kube-apiserver's `--authorization-config`: the webhook, which can only deny, before Node and RBAC.
///
/// Source: Kubernetes documentation, "Configuring the API Server using an Authorization Config File";
/// `apiserver.config.k8s.io/v1` is stable since 1.32.
public struct AuthorizationConfiguration: Sendable {
    /// The usual name of the webhook's kubeconfig, beside the file; `kubeConfigFile` points to it.
    public static let kubeconfigName = "authorization-webhook.kubeconfig"

    /// The absolute path of the webhook's kubeconfig as the API server sees it.
    public var kubeconfigPath: String
    /// Whether the API server knows the cache fields, which older ones reject.
    public var knowsCacheFields: Bool

    /// The configuration of one API server.
    public init(kubeconfigPath: String, knowsCacheFields: Bool) {
        self.kubeconfigPath = kubeconfigPath
        self.knowsCacheFields = knowsCacheFields
    }

    /// Whether an API server of that version, such as `1.34`, `v1.34.2` or `v1.34.2+k3s1`, knows the cache fields; nil
    /// if the text is not a version.
    public static func knowsCacheFields(version: String) -> Bool? {
        let parts = (version.hasPrefix("v") ? version.dropFirst() : Substring(version)).split(
            separator: ".", omittingEmptySubsequences: false)
        guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }),
            major >= 0, minor >= 0
        else { return nil }
        return major > 1 || (major == 1 && minor >= 34)
    }

    /// The file's content, in YAML.
    public var text: String {
        let caching =
            knowsCacheFields
            ? """

                cacheAuthorizedRequests: false
                cacheUnauthorizedRequests: false
            """ : ""
        return """
            # kube-apiserver reads this file again when it changes:
            #   --authorization-config=THIS FILE, in place of --authorization-mode and --authorization-webhook-*
            apiVersion: apiserver.config.k8s.io/v1
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
