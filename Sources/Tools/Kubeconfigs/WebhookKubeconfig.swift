import Addresses
import SafeText
import YAML

/// The file with which kube-apiserver calls the webhook.
public struct WebhookKubeconfig: Sendable {
    /// A certificate or key: its path, or its content.
    public enum Source: Hashable, Sendable {
        /// An absolute path; kube-apiserver then notices a renewed client certificate.
        case file(String)
        case data([UInt8])
    }

    /// What kube-apiserver calls the webhook for.
    public enum Purpose: Sendable {
        case authentication
        case authorization

        /// The webhook's address where it runs beside kube-apiserver.
        public var usualServer: String {
            switch self {
            case .authentication: "https://127.0.0.1:8443/authenticate"
            case .authorization: "https://127.0.0.1:8443/authorize"
            }
        }

        /// The paths at which the webhook takes these reviews, the usual one first.
        private var paths: [String] {
            switch self {
            case .authentication: ["/authenticate", "/tokenreviews"]
            case .authorization: ["/authorize"]
            }
        }

        /// What would happen with an address of another path, and the right address; nil if the path is right.
        public func pathProblem(_ server: String) -> String? {
            guard let url = HTTPSURL(server) else { return nil }
            let path = url.target.prefix { $0 != "?" }
            guard !paths.contains(String(path)) else { return nil }
            let isMissing = path.allSatisfy { $0 == "/" }
            let (reviews, harm) =
                switch self {
                case .authentication: ("token reviews", "nobody can sign in")
                case .authorization: ("access reviews", "the kill switch denies nobody")
                }
            let rest = server.dropFirst("https://".count)
            let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? server.endIndex
            let problem =
                isMissing
                ? "has no path, where the webhook answers nothing" : "is not where the webhook answers \(reviews)"
            return "\(server) \(problem), so \(harm); it is \(server[..<end])\(paths[0])"
        }
    }

    /// The webhook's URL.
    public var server: String
    /// The CA of the webhook's certificate.
    public var authority: Source
    /// kube-apiserver's certificate and key; nil if the webhook accepts any client.
    public var client: (certificate: Source, key: Source)?
    /// What the file is for, which its comment says.
    public var purpose: Purpose

    public init(
        server: String, authority: Source, client: (certificate: Source, key: Source)?,
        purpose: Purpose = .authentication
    ) {
        self.server = server
        self.authority = authority
        self.client = client
        self.purpose = purpose
    }

    /// The file's content, in YAML.
    public var text: String {
        let user = client.map { client in
            """

                \(WebhookKubeconfig.field("client-certificate", client.certificate))
                \(WebhookKubeconfig.field("client-key", client.key))
            """
        }
        let use =
            switch purpose {
            case .authentication:
                """
                #   --authentication-token-webhook-config-file=THIS FILE
                #   --authentication-token-webhook-version=v1
                """
            case .authorization: "#   kubeConfigFile in the file of --authorization-config"
            }
        return """
            # kube-apiserver calls the webhook with this file:
            \(use)
            apiVersion: v1
            kind: Config
            clusters:
            - name: kube-entra
              cluster:
                server: \(YAMLText.quoted(server))
                \(WebhookKubeconfig.field("certificate-authority", authority))
            users:
            - name: kube-apiserver
              user:\(user ?? " {}")
            contexts:
            - name: kube-entra
              context:
                cluster: kube-entra
                user: kube-apiserver
            current-context: kube-entra

            """
    }

    private static func field(_ name: String, _ source: Source) -> String {
        switch source {
        case .file(let path): "\(name): \(YAMLText.quoted(path))"
        case .data(let bytes): "\(name)-data: \(Base64.encode(bytes))"
        }
    }
}
