public import Entra

/// What `kube-entra enable` was asked to do.
public struct InstallationRequest: Sendable {
    /// The source of the webhook's configuration.
    public enum Source: Sendable {
        /// Written from these values, if there is none yet.
        case values(tenantID: GUID, audiences: [String], adminGroups: [GUID], cloud: Cloud)
        /// A file, copied with the files beside it that it names.
        case file(String)
        /// The node's existing configuration.
        case present
    }

    /// The source of the configuration.
    public var source: Source
    /// How the node's kube-apiserver runs.
    public var distribution: Distribution
    /// How the webhook must run; nil leaves it as an earlier run set it up.
    public var requestedService: ServiceKind?
    /// How the webhook runs: as a systemd service or as a static pod.
    var service: ServiceKind
    /// Whether to bind the admin groups to `cluster-admin`.
    public var binds: Bool
    /// The longest time to wait for each thing that must come up.
    public var timeout: Duration
    /// Path of this program.
    public var program: String

    /// - Parameter service: how the webhook must run; nil leaves it as an earlier run set it up, or else to systemd.
    public init(
        source: Source, distribution: Distribution, service: ServiceKind?, binds: Bool, timeout: Duration,
        program: String
    ) {
        self.source = source
        self.distribution = distribution
        requestedService = service
        self.service = service ?? .systemd
        self.binds = binds
        self.timeout = timeout
        self.program = program
    }
}

/// Paths on a node.
enum NodePath {
    static let home = "/etc/kube-entra"
    static let configuration = ServiceFiles.configuration
    /// Beside the configuration that `enable` makes from IDs, and named there as `denied.json`.
    static let deniedList = "/etc/kube-entra/denied.json"
    static let kubeconfig = "/etc/kube-entra/webhook.yaml"
    /// The webhook's own folder, which its service can write to.
    static let state = "/var/lib/kube-entra"
    /// Only root can write here: `disable` relies on it, so the webhook's user must not be able to change it.
    static let journalFolder = "/var/lib/kube-entra-enable"
    static let journal = journalFolder + "/journal.json"
    static let lock = journalFolder + "/lock"
    static let copy = journalFolder + "/kube-apiserver.yaml"
    static let authorityKey = journalFolder + "/ca.key"
    static let program = "/usr/local/bin/kube-entra"

    /// Whether a path is below `/etc/kube-entra`, without `..`.
    static func isInHome(_ path: String) -> Bool {
        path.utf8.starts(with: "\(home)/".utf8) && !path.split(separator: "/").contains("..")
    }

    static func folder(of path: String) -> String {
        "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    }
}
