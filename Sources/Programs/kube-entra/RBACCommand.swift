internal import ArgumentParser
internal import ClusterAccess
internal import Configuration
internal import RBAC
internal import Terminal
internal import Timestamps

/// `kube-entra rbac`: a cluster's roles and bindings together with the configuration.
struct RBACCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rbac",
        abstract:
            "Joins a cluster's RBAC with the configuration: who can do what, by which path, and what never matches.",
        discussion: """
            The input is what kubectl prints, or a folder of manifests:

              kubectl get clusterroles,clusterrolebindings,roles,rolebindings -A -o json > rbac.json
            """,
        subcommands: [Lint.self, Who.self, Explain.self])
}

/// Inputs of all commands about a cluster.
struct ClusterInputs {
    let loaded: LoadedConfiguration
    let cluster: Cluster
    let displayNames: DirectoryNames

    /// Reads all inputs or throws; remarks about them go to standard error.
    static func load(config: String, cluster paths: [String]) throws -> ClusterInputs {
        let loaded = try ConfigurationLoader.load(path: config)
        return ClusterInputs(
            loaded: loaded, cluster: try readCluster(paths),
            displayNames: DirectoryNames.loadOrNote(loaded.configuration))
    }

    static func readCluster(_ paths: [String]) throws -> Cluster {
        guard paths.count(where: { $0 == "-" }) <= 1 else {
            throw ValidationError("--cluster - reads standard input, which can be read once")
        }
        guard !paths.contains("") else { throw ValidationError("--cluster must not be empty") }
        let cluster = try ClusterFiles.read(paths)
        for remark in cluster.input.remarks { Console.note("kube-entra: \(remark)") }
        return cluster
    }

    func names(now: Timestamp) -> EntraNames { EntraNames(loaded.configuration, now: now) }

    var hasSeveralTenants: Bool { loaded.configuration.tenants.count > 1 }
}

extension DirectoryNames {
    /// The names that a configuration points to. They are for people only, so an unusable file stops nothing.
    static func loadOrNote(_ configuration: WebhookConfiguration) -> DirectoryNames {
        guard let path = configuration.names else { return DirectoryNames() }
        do throws(DirectoryNames.Problem) {
            return try DirectoryNames.load(path: path)
        } catch {
            Console.note("kube-entra: no display names: \(error.sentence)")
            return DirectoryNames()
        }
    }
}

/// A time on the command line.
enum TimeArgument {
    static func validate(_ text: String?) throws {
        guard text.map({ Timestamp(rfc3339: $0) != nil }) ?? true else {
            throw ValidationError("--at must be a date and time with a zone, for example 2026-12-01T00:00:00Z")
        }
    }

    static func moment(_ text: String?) -> Timestamp { text.flatMap { Timestamp(rfc3339: $0) } ?? .now() }
}
