public import Jansson
public import SafeText

/// Bytes in a kubeconfig, or the path of a file.
public enum KubeconfigSource: Hashable, Sendable {
    /// A path, already resolved against the kubeconfig's folder.
    case file(String)
    case data([UInt8])
    /// A `…-data` field that is not valid base64.
    case damaged
}

/// A `clusters` entry.
public struct KubeconfigCluster: Sendable {
    /// `server`: the API server's URL.
    public var server: String?
    /// `certificate-authority`: the CA of the API server's certificate; nil for the system's authorities.
    public var authority: KubeconfigSource?
    /// `tls-server-name`: the name that the certificate must have; nil for the URL's host.
    public var tlsServerName: String?
    /// `insecure-skip-tls-verify`.
    public var skipsVerification = false
    /// `proxy-url`: the proxy to the API server.
    public var proxyURL: String?
    /// The extension `client.authentication.k8s.io/exec`, which plugins receive.
    public var pluginConfiguration: JSON?
    /// The kubeconfig that contains this entry.
    public var file = ""

    /// An empty entry.
    public init() {}
}

/// A `users` entry.
public struct KubeconfigUser: Sendable {
    /// `token`: a bearer token.
    public var token: String?
    /// `tokenFile`: the path of a bearer token.
    public var tokenFile: String?
    /// `client-certificate`, in PEM.
    public var clientCertificate: KubeconfigSource?
    /// `client-key`, in PEM.
    public var clientKey: KubeconfigSource?
    /// `username` of basic authentication, which API servers no longer accept.
    public var username: String?
    /// `exec`: the credential plugin.
    public var plugin: ExecPlugin?
    /// `auth-provider`: the mechanism before exec plugins.
    public var authProvider: AuthProvider?
    /// `as`: the user whom requests impersonate.
    public var impersonates: String?
    /// The kubeconfig that contains this entry.
    public var file = ""

    /// A user without credentials.
    public init() {}
}

/// A `contexts` entry.
public struct KubeconfigContext: Hashable, Sendable {
    /// Name of the `clusters` entry.
    public var cluster: String?
    /// Name of the `users` entry.
    public var user: String?
    /// The default namespace of kubectl.
    public var namespace: String?

    /// An empty entry.
    public init() {}
}

/// An exec credential plugin, such as `kubelogin`.
public struct ExecPlugin: Hashable, Sendable {
    /// `interactiveMode`: whether the plugin needs a terminal.
    public enum InteractiveMode: String, Sendable {
        case never = "Never"
        case ifAvailable = "IfAvailable"
        case always = "Always"
    }

    /// One entry of `env`.
    public struct Variable: Hashable, Sendable {
        /// The variable's name.
        public var name: String
        /// The variable's value.
        public var value: String
    }

    /// The version of `client.authentication.k8s.io`.
    public var apiVersion = ""
    /// A path, or a name to search in `PATH`.
    public var command = ""
    /// `args`: the command's arguments.
    public var arguments: [String] = []
    /// `env`, in addition to kubectl's own environment.
    public var environment: [Variable] = []
    /// `installHint`: what kubectl prints if the command is missing.
    public var installHint: String?
    /// `provideClusterInfo`: whether the plugin receives facts about the cluster.
    public var providesClusterInfo = false
    /// Nil if it is missing, or not one of the three values.
    public var interactiveMode: InteractiveMode?

    /// A plugin without a command.
    public init() {}

    /// The value of an option, written as `--name value` or `--name=value`. The last one counts.
    public func option(_ names: String...) -> String? {
        var value: String?
        for (index, argument) in arguments.enumerated() {
            for name in names {
                if ExactText(argument) == ExactText(name), index + 1 < arguments.count { value = arguments[index + 1] }
                if argument.hasPrefix(name + "=") { value = String(argument.dropFirst(name.count + 1)) }
            }
        }
        return value
    }

    /// Whether this is Azure/kubelogin, by its file name.
    public var isKubelogin: Bool {
        let name = command.split { $0 == "/" || $0 == "\\" }.last ?? ""
        return name == "kubelogin" || name == "kubelogin.exe" || name == "kubectl-azure"
    }
}

/// kubectl's support of Entra before exec plugins; removed in 1.26.
public struct AuthProvider: Hashable, Sendable {
    /// The provider's name; `azure` for Entra.
    public var name: String
    /// `config`: names and values.
    public var settings: [String: String]
}

/// One or several kubeconfigs, merged as kubectl does.
///
/// Source: Kubernetes documentation, "Organizing Cluster Access Using kubeconfig Files".
public struct Kubeconfig: Sendable {
    /// `clusters` by name.
    public var clusters: [ExactText: KubeconfigCluster] = [:]
    /// `users` by name.
    public var users: [ExactText: KubeconfigUser] = [:]
    /// `contexts` by name.
    public var contexts: [ExactText: KubeconfigContext] = [:]
    /// `current-context`; nil if it is missing or empty.
    public var currentContext: String?

    /// An empty kubeconfig.
    public init() {}

    /// Merges files. If several have the same entry, the first one counts.
    public init(merging files: [Kubeconfig]) {
        for file in files {
            clusters.merge(file.clusters) { first, _ in first }
            users.merge(file.users) { first, _ in first }
            contexts.merge(file.contexts) { first, _ in first }
            if currentContext == nil { currentContext = file.currentContext }
        }
    }

    /// The files that kubectl reads: those in `KUBECONFIG`, else the one in the home folder.
    public static func paths(variable: String?, home: String?) -> [String] {
        if let variable, !variable.isEmpty {
            var seen: Set<ExactText> = []
            return variable.split(separator: ":").map(String.init).filter { seen.insert(ExactText($0)).inserted }
        }
        return home.flatMap { $0.isEmpty ? nil : [$0 + "/.kube/config"] } ?? []
    }

    /// A context with its cluster and user.
    ///
    /// - Parameter name: nil for the current context.
    /// - Throws: ``KubeconfigError`` if one of the three is missing.
    public func access(_ name: String? = nil) throws(KubeconfigError) -> KubeconfigAccess {
        guard let name = name ?? currentContext else { throw .noCurrentContext }
        guard let context = contexts[ExactText(name)] else { throw .contextMissing(name) }
        guard let cluster = context.cluster.flatMap({ clusters[ExactText($0)] }) else { throw .clusterMissing(name) }
        guard cluster.server?.isEmpty == false else { throw .serverMissing(name) }
        let user = context.user.flatMap { $0.isEmpty ? nil : $0 }
        if let user, users[ExactText(user)] == nil { throw .userMissing(name) }
        return KubeconfigAccess(
            contextName: name, context: context, cluster: cluster,
            user: user.flatMap { users[ExactText($0)] } ?? KubeconfigUser())
    }
}

/// A context with its entries.
public struct KubeconfigAccess: Sendable {
    /// The context's name.
    public var contextName: String
    /// The context.
    public var context: KubeconfigContext
    /// The context's cluster.
    public var cluster: KubeconfigCluster
    /// Without any credential if the context names no user.
    public var user: KubeconfigUser
}

/// Why a kubeconfig cannot be used. Contains names from the file, never a credential.
public enum KubeconfigError: Error, Hashable, Sendable {
    /// The file is not acceptable YAML.
    case unreadable(message: String, line: Int, column: Int)
    /// A field has the wrong form.
    case malformed(field: String, line: Int, column: Int)
    case repeated(field: String, name: String)
    case noCurrentContext
    case contextMissing(String)
    case clusterMissing(String)
    case serverMissing(String)
    case userMissing(String)

    /// What is wrong, for people.
    public var sentence: String {
        switch self {
        case .unreadable(let message, let line, let column): "line \(line), column \(column): \(message)"
        case .malformed(let field, let line, let column): "line \(line), column \(column): \(field) has the wrong form"
        case .repeated(let field, let name): "\(field) has two entries with the name \(name)"
        case .noCurrentContext: "there is no current context"
        case .contextMissing(let name): "there is no context \(name)"
        case .clusterMissing(let context): "the context \(context) names no cluster, or one that is not there"
        case .serverMissing(let context): "the cluster of the context \(context) has no server"
        case .userMissing(let context): "the context \(context) names a user that is not there"
        }
    }
}
