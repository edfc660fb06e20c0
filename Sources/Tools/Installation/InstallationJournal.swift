import Jansson
import SafeText

/// The steps of `enable`, in order. Each can be repeated without harm.
public enum InstallationStep: String, Sendable, CaseIterable {
    case check, program, user, certificates, configuration, kubeconfig, service, ready, copy
    /// From this step on, kube-apiserver is changed.
    case change
    case apiServer = "api-server"
    case bind, kubeadm, done

    var index: Int { InstallationStep.allCases.firstIndex(of: self) ?? 0 }
}

/// What `enable` has done to a node so far: enough to continue or to undo it, wherever the process ended.
struct InstallationJournal {
    /// A file or folder that did not exist before.
    struct Made: Hashable {
        var path: ExactText
        /// SHA-256 of a file's content as it was written; nil for a folder.
        var sha256: String?
    }

    /// A file that existed before this run and got other content; the copy is in the journal's folder.
    struct Replaced: Hashable {
        var path: ExactText
        /// SHA-256 of the content before.
        var sha256: String
        var owner: NodeFiles.Owner
        /// The path of the copy.
        var copy: String
    }

    enum Direction: String { case enable, disable }

    var direction = Direction.enable
    /// The last step that was begun.
    var step = InstallationStep.check
    var distribution: Distribution
    var service: String
    var made: [Made] = []
    /// Empty after a run that succeeded.
    var replaced: [Replaced] = []
    /// SHA-256 of the file with the flags, as it was written.
    var changedSHA256: String?
    /// Whether `enable` started the service.
    var startedService = false
    var madeUser = false
    /// ClusterRoleBindings that `enable` created.
    var bindings: [String] = []
    /// The groups that they bind.
    var boundGroups: [String] = []
    var changedClusterConfiguration = false
    /// Whether the node is prepared for `kubeadm join` and has no API server yet.
    var isPrepared = false
    /// Whether a `disable` without the journal of `enable` began it: then nobody knows what else `enable` made.
    var isOfDisable = false
    /// An issuer that the webhook accepts; nil if an older version wrote the journal.
    var issuer: String?
    var began: String

    init(distribution: Distribution, service: String, began: String) {
        self.distribution = distribution
        self.service = service
        self.began = began
    }

    mutating func note(_ path: String, sha256: String? = nil) {
        let new = Made(path: ExactText(path), sha256: sha256)
        if let index = made.firstIndex(where: { $0.path == new.path }) { made[index] = new } else { made.append(new) }
    }

    /// What was made at this path; nil if nothing was.
    func made(at path: String) -> Made? { made(at: ExactText(path)) }

    func made(at path: ExactText) -> Made? { made.first { $0.path == path } }

    var json: JSON {
        .object([
            ("version", .integer(1)),
            ("direction", .string(direction.rawValue)),
            ("step", .string(step.rawValue)),
            ("distribution", .string(distribution.rawValue)),
            ("service", .string(service)),
            ("began", .string(began)),
            ("changedSHA256", JSON(changedSHA256)),
            ("startedService", .bool(startedService)),
            ("madeUser", .bool(madeUser)),
            ("bindings", JSON(bindings)),
            ("boundGroups", JSON(boundGroups)),
            ("changedClusterConfiguration", .bool(changedClusterConfiguration)),
            ("prepared", .bool(isPrepared)),
            ("ofDisable", .bool(isOfDisable)),
            ("issuer", JSON(issuer)),
            (
                "made",
                .array(made.map { .object([("path", .string($0.path.text)), ("sha256", JSON($0.sha256))]) })
            ),
            ("replaced", .array(replaced.map(\.json))),
        ])
    }

    /// Nil if this is not a journal of this version.
    init?(_ bytes: [UInt8]) {
        guard let root = (try? JSONDocument(parsing: bytes))?.root, root["version"]?.integer == 1,
            let direction = root["direction"]?.string.flatMap(Direction.init(rawValue:)),
            let step = root["step"]?.string.flatMap(InstallationStep.init(rawValue:)),
            let distribution = root["distribution"]?.string.flatMap(Distribution.init(rawValue:)),
            let service = root["service"]?.string
        else { return nil }
        self.direction = direction
        self.step = step
        self.distribution = distribution
        self.service = service
        began = root["began"]?.string ?? ""
        changedSHA256 = root["changedSHA256"]?.string
        startedService = root["startedService"]?.bool ?? false
        madeUser = root["madeUser"]?.bool ?? false
        changedClusterConfiguration = root["changedClusterConfiguration"]?.bool ?? false
        boundGroups = root["boundGroups"]?.array?.compactMap(\.string) ?? []
        isPrepared = root["prepared"]?.bool ?? false
        isOfDisable = root["ofDisable"]?.bool ?? false
        issuer = root["issuer"]?.string
        bindings = root["bindings"]?.array?.compactMap(\.string) ?? []
        made =
            root["made"]?.array?.compactMap { entry in
                entry["path"]?.string.map { Made(path: ExactText($0), sha256: entry["sha256"]?.string) }
            } ?? []
        replaced = root["replaced"]?.array?.compactMap(Replaced.init) ?? []
    }
}

extension InstallationJournal.Replaced {
    fileprivate var json: JSON {
        .object([
            ("path", .string(path.text)), ("sha256", .string(sha256)), ("user", .integer(Int64(owner.user))),
            ("group", .integer(Int64(owner.group))), ("copy", .string(copy)),
        ])
    }

    fileprivate init?(_ entry: JSONValue) {
        guard let path = entry["path"]?.string, let sha256 = entry["sha256"]?.string,
            let user = entry["user"]?.integer.flatMap(UInt32.init(exactly:)),
            let group = entry["group"]?.integer.flatMap(UInt32.init(exactly:)), let copy = entry["copy"]?.string
        else { return nil }
        self.init(path: ExactText(path), sha256: sha256, owner: NodeFiles.Owner(user: user, group: group), copy: copy)
    }
}
