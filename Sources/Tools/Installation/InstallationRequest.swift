public import EntraTokens

/// What `kube-entra enable` was asked for.
public struct InstallationRequest: Sendable {
    /// Where the webhook's configuration comes from.
    public enum Source: Sendable {
        /// Written from these, where there is none yet.
        case values(tenantID: GUID, audiences: [String], adminGroups: [GUID], cloud: Cloud)
        /// A file; what it names beside itself comes along.
        case file(String)
        /// The one that the node has.
        case present
    }

    public var source: Source
    public var distribution: Distribution
    public var service: ServiceKind
    public var binds: Bool
    /// For each wait.
    public var timeout: Duration
    /// This program.
    public var program: String

    public init(
        source: Source, distribution: Distribution, service: ServiceKind, binds: Bool, timeout: Duration,
        program: String
    ) {
        self.source = source
        self.distribution = distribution
        self.service = service
        self.binds = binds
        self.timeout = timeout
        self.program = program
    }
}

/// Where everything lies on a node.
enum NodePath {
    static let home = "/etc/kube-entra"
    static let configuration = ServiceFiles.configuration
    static let kubeconfig = "/etc/kube-entra/webhook.yaml"
    /// The webhook's own folder, which its service may write to.
    static let state = "/var/lib/kube-entra"
    /// Root's own: nothing in it may be changed by the webhook's user, since the way back is made from it.
    static let journalFolder = "/var/lib/kube-entra-enable"
    static let journal = journalFolder + "/journal.json"
    static let copy = journalFolder + "/kube-apiserver.yaml"
    static let authorityKey = journalFolder + "/ca.key"
    static let program = "/usr/local/bin/kube-entra"

    static func folder(of path: String) -> String {
        "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    }
}
