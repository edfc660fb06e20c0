public import Configuration
public import RBAC
import Terminal
public import Timestamps

/// Inputs of all commands about a cluster.
public struct ClusterInputs: Sendable {
    /// The webhook's configuration.
    public let loaded: LoadedConfiguration
    /// The cluster's RBAC objects.
    public let cluster: Cluster
    /// The names that the configuration points to.
    public let displayNames: DirectoryNames
    /// What people should know about the inputs.
    public let notes: [String]

    /// Reads all inputs.
    ///
    /// - Parameter paths: files, folders, or `-` once, for standard input.
    /// - Throws: ``UsageProblem``, `ConfigurationError` or `ClusterError`.
    public init(config: String, cluster paths: [String]) throws {
        loaded = try ConfigurationLoader.load(path: config)
        cluster = try ClusterInputs.readCluster(paths)
        let (names, problem) = DirectoryNames.ofPeople(loaded.configuration)
        displayNames = names
        notes = cluster.input.remarks + problem
    }

    /// Reads a cluster's RBAC objects.
    ///
    /// - Throws: ``UsageProblem`` or `ClusterError`.
    public static func readCluster(_ paths: [String]) throws -> Cluster {
        guard paths.count(where: { $0 == "-" }) <= 1 else {
            throw UsageProblem("--cluster - reads standard input, which can be read once")
        }
        guard !paths.contains("") else { throw UsageProblem("--cluster must not be empty") }
        return try ClusterFiles.read(paths)
    }

    /// The configuration with the entries of its deny files, and what could not be read: the files that a configuration
    /// names may be missing where this command runs.
    public func withDenied() -> (configuration: WebhookConfiguration, notes: [String]) {
        let (files, problems) = DenyFiles.read(loaded, isTrusted: false)
        let notes = problems.map { "the entries of \($0.field) are not known here: \($0.message)" }
        return (files.applied(to: loaded.configuration), notes)
    }

    /// What the configuration can give, at that time.
    public func names(now: Timestamp) -> EntraNames { EntraNames(loaded.configuration, now: now) }

    /// Whether a principal's tenant has to be named.
    public var hasSeveralTenants: Bool { loaded.configuration.tenants.count > 1 }

    /// The place of the admin groups in the configuration, else the start of the file.
    public var adminGroupsPlace: Place {
        let position = loaded.positions["kubernetes.adminGroups"] ?? FieldPosition(line: 1, column: 1)
        return Place(file: loaded.path, line: position.line, column: position.column)
    }
}
