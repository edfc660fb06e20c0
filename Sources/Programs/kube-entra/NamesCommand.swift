internal import ArgumentParser
internal import ClusterAccess
internal import Configuration
internal import Entra
internal import Files
internal import Jansson
internal import RBAC
internal import Terminal
internal import Timestamps
internal import WebhookService

/// `kube-entra names`: display names for people, beside object IDs.
struct NamesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "names",
        abstract: "Display names that stand beside object IDs. They never decide anything.",
        subcommands: [Fetch.self])

    /// `kube-entra names fetch`: asks Graph what the object IDs of a configuration mean.
    struct Fetch: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "fetch",
            abstract:
                "Asks Microsoft Graph what the configuration's object IDs are called, and writes that into a file.",
            discussion: """
                Asks as `directory` of each tenant says, once. The file is what `names` in the configuration names:

                  kube-entra names fetch --config kube-entra.yaml --out names.json

                IDs that Entra no longer knows are named as deleted, with the name that they had in the file before.

                Exit status: 0 written; 2 could not ask, or could not write.
                """)

        @Option(help: .config, completion: .file()) var config: String
        @Option(help: .init("The file to write.", valueName: "file"), completion: .file()) var out: String

        @Option(
            parsing: .upToNextOption, help: .init("Also what is bound here: files, folders or -.", valueName: "path"),
            completion: .file())
        var cluster: [String] = []

        func validate() throws {
            guard !out.isEmpty else { throw ValidationError("--out must not be empty") }
        }

        func run() throws {
            let loaded = try ConfigurationLoader.load(path: config)
            let before = try DirectoryNames.existing(path: out)
            var names = DirectoryNames()
            var asked = 0
            let bound = try boundIDs(loaded.configuration)
            for tenant in loaded.configuration.tenants {
                let ids = tenant.namedObjectIDs.union(bound).sorted()
                guard let found = try DirectoryFactory.names(of: ids, tenant: tenant) else {
                    Console.note(
                        "kube-entra: tenant \(tenant.trust.tenantID) has no directory, so nothing is asked of it")
                    continue
                }
                asked += 1
                names.add(found, known: before, groups: tenant.namedGroups)
            }
            guard asked > 0 else {
                throw CommandFailure(
                    "no tenant has a directory to ask", hint: "add directory to the tenant, or write the file by hand")
            }
            try write(names)
        }

        private func boundIDs(_ configuration: WebhookConfiguration) throws -> Set<GUID> {
            guard !cluster.isEmpty else { return [] }
            let names = EntraNames(configuration, now: .now())
            return names.boundObjectIDs(in: try ClusterInputs.readCluster(cluster))
        }

        private func write(_ names: DirectoryNames) throws {
            do throws(FileError) {
                try FileIO.write(names.json.render(pretty: true) + [UInt8(ascii: "\n")], to: out, mode: 0o644)
            } catch {
                throw CommandFailure("\(out): \(error.sentence)")
            }
            for (id, entry) in names.entries.sorted(by: { $0.key < $1.key }) where entry.isDeleted {
                Console.note("kube-entra: Entra does not know \(id)\(names.remark(id))")
            }
            let deleted = names.entries.values.count(where: \.isDeleted)
            Console.note("wrote \(out): \(names.entries.count - deleted) known, \(deleted) deleted")
        }
    }
}
