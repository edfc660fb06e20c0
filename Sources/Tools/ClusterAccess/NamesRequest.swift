public import Configuration
public import Entra
import Jansson
import RBAC
import Terminal
public import Timestamps

/// `names fetch`: what the object IDs of a configuration, and of a cluster's bindings, are called.
public struct NamesRequest {
    private let configuration: WebhookConfiguration
    private let clusterPaths: [String]
    private let path: String

    /// - Parameters:
    ///   - config: the configuration's file.
    ///   - cluster: files and folders with RBAC objects, whose object IDs are asked for as well.
    ///   - path: the file with the names, which need not exist yet.
    /// - Throws: `ConfigurationError`.
    public init(config: String, cluster: [String], path: String) throws {
        configuration = try ConfigurationLoader.load(path: config).configuration
        clusterPaths = cluster
        self.path = path
    }

    /// Asks for all names, and writes them into the file. IDs that Entra no longer knows keep the names that they had
    /// in the file, and are marked as deleted.
    ///
    /// - Parameters:
    ///   - note: receives each line for people, as it happens.
    ///   - ask: the directory's answer for one tenant; nil if the tenant has none.
    /// - Throws: `CommandFailure` if no tenant has a directory, or a file cannot be used; what `ask` throws.
    public func run(
        now: Timestamp, note: (String) -> Void, ask: (_ ids: [GUID], _ tenant: TenantSettings) throws -> DirectoryNames?
    ) throws {
        try CommandFile.tryWriting(path)
        let isFile = CommandFile.stream(path) == nil
        let before = isFile ? try DirectoryNames.existing(path: path) : DirectoryNames()
        var names = DirectoryNames()
        var asked = 0
        var bound: Set<GUID> = []
        if !clusterPaths.isEmpty {
            let cluster = try ClusterInputs.readCluster(clusterPaths)
            for remark in cluster.input.remarks { note("kube-entra: \(remark)") }
            bound = EntraNames(configuration, now: now).boundObjectIDs(in: cluster)
        }
        for tenant in configuration.tenants {
            guard let found = try ask(tenant.namedObjectIDs.union(bound).sorted(), tenant) else {
                note("kube-entra: tenant \(tenant.trust.tenantID) has no directory, so nothing is asked of it")
                continue
            }
            asked += 1
            names.add(found, known: before, groups: tenant.namedGroups)
        }
        guard asked > 0 else {
            throw CommandFailure(
                "no tenant has a directory to ask", hint: "add directory to the tenant, or write the file by hand")
        }
        try CommandFile.write(names.json.render(pretty: true) + [UInt8(ascii: "\n")], to: path)
        for (id, entry) in names.entries.sorted(by: { $0.key < $1.key }) where entry.isDeleted {
            note("kube-entra: Entra does not know \(id)\(names.remark(id))")
        }
        let deleted = names.entries.values.count(where: \.isDeleted)
        note("\(isFile ? "wrote \(path): " : "")\(names.entries.count - deleted) known, \(deleted) deleted")
    }
}
