public import Jansson

/// Bytes that a kubeconfig holds itself or names a file for.
public enum KubeconfigSource: Hashable, Sendable {
    /// A path, already resolved against the kubeconfig's folder.
    case file(String)
    case data([UInt8])
    /// A `…-data` field that is no base64.
    case damaged
}

/// A `clusters` entry.
public struct KubeconfigCluster: Sendable {
    public var server: String?
    public var authority: KubeconfigSource?
    public var tlsServerName: String?
    public var skipsVerification = false
    public var proxyURL: String?
    /// The extension `client.authentication.k8s.io/exec`, which plugins are given.
    public var pluginConfiguration: JSON?
    public var file = ""

    public init() {}
}

/// A `users` entry.
public struct KubeconfigUser: Sendable {
    public var token: String?
    public var tokenFile: String?
    public var clientCertificate: KubeconfigSource?
    public var clientKey: KubeconfigSource?
    public var username: String?
    public var plugin: ExecPlugin?
    public var authProvider: AuthProvider?
    /// `as`: whom requests are made in the name of.
    public var impersonates: String?
    public var file = ""

    public init() {}
}

/// A `contexts` entry.
public struct KubeconfigContext: Hashable, Sendable {
    public var cluster: String?
    public var user: String?
    public var namespace: String?

    public init() {}
}

/// An exec credential plugin, as `kubelogin` is one.
public struct ExecPlugin: Hashable, Sendable {
    public enum InteractiveMode: String, Sendable {
        case never = "Never"
        case ifAvailable = "IfAvailable"
        case always = "Always"
    }

    public struct Variable: Hashable, Sendable {
        public var name: String
        public var value: String
    }

    public var apiVersion = ""
    public var command = ""
    public var arguments: [String] = []
    public var environment: [Variable] = []
    public var installHint: String?
    public var providesClusterInfo = false
    /// Nil where it is not said, or not one of the three.
    public var interactiveMode: InteractiveMode?

    public init() {}

    /// The value of an option, in both spellings: `--name value` and `--name=value`. The last one counts.
    public func option(_ names: String...) -> String? {
        var value: String?
        for (index, argument) in arguments.enumerated() {
            for name in names {
                if argument == name, index + 1 < arguments.count { value = arguments[index + 1] }
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

/// What kubectl had for Entra before exec plugins; gone since 1.26.
public struct AuthProvider: Hashable, Sendable {
    public var name: String
    public var settings: [String: String]
}

/// One or several kubeconfigs, as kubectl sees them together.
///
/// Source: Kubernetes documentation, "Organizing Cluster Access Using kubeconfig Files".
public struct Kubeconfig: Sendable {
    public var clusters: [String: KubeconfigCluster] = [:]
    public var users: [String: KubeconfigUser] = [:]
    public var contexts: [String: KubeconfigContext] = [:]
    public var currentContext: String?

    public init() {}

    /// Puts files together: of everything that stands in several, the first counts.
    public init(merging files: [Kubeconfig]) {
        for file in files {
            clusters.merge(file.clusters) { first, _ in first }
            users.merge(file.users) { first, _ in first }
            contexts.merge(file.contexts) { first, _ in first }
            if currentContext == nil { currentContext = file.currentContext }
        }
    }

    /// The files that kubectl reads: those of `KUBECONFIG`, else the one in the home folder.
    public static func paths(variable: String?, home: String?) -> [String] {
        if let variable, !variable.isEmpty {
            var seen: Set<String> = []
            return variable.split(separator: ":").map(String.init).filter { seen.insert($0).inserted }
        }
        return home.map { [$0 + "/.kube/config"] } ?? []
    }

    /// A context with its cluster and user.
    ///
    /// - Parameter name: nil is the current context.
    public func access(_ name: String? = nil) throws(KubeconfigError) -> KubeconfigAccess {
        guard let name = name ?? currentContext else { throw .noCurrentContext }
        guard let context = contexts[name] else { throw .contextMissing(name) }
        guard let cluster = context.cluster.flatMap({ clusters[$0] }) else { throw .clusterMissing(name) }
        guard cluster.server?.isEmpty == false else { throw .serverMissing(name) }
        let user = context.user.flatMap { $0.isEmpty ? nil : $0 }
        if let user, users[user] == nil { throw .userMissing(name) }
        return KubeconfigAccess(
            contextName: name, context: context, cluster: cluster,
            user: user.flatMap { users[$0] } ?? KubeconfigUser())
    }
}

/// What one context leads to.
public struct KubeconfigAccess: Sendable {
    public var contextName: String
    public var context: KubeconfigContext
    public var cluster: KubeconfigCluster
    /// Without any credential where the context names no user.
    public var user: KubeconfigUser
}

/// Why a kubeconfig leads nowhere. Names what the file's owner named, never a credential.
public enum KubeconfigError: Error, Hashable, Sendable {
    /// The file is no YAML, or none that can be taken.
    case unreadable(message: String, line: Int, column: Int)
    /// A field has the wrong form.
    case malformed(field: String, line: Int, column: Int)
    case repeated(field: String, name: String)
    case noCurrentContext
    case contextMissing(String)
    case clusterMissing(String)
    case serverMissing(String)
    case userMissing(String)

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
