internal import ArgumentParser
internal import ClusterAccess
internal import Configuration
internal import Jansson
internal import Terminal

extension PolicyCommand {
    /// `kube-entra policy list`: the effective mapping.
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract: "Each group, app role and emergency entry, and what it gives.",
            discussion: """
                With --cluster, also whether anything in the cluster is bound to it.

                  kube-entra policy list --config kube-entra.yaml --cluster rbac.json

                Exit status: 0 listed; 2 could not read something.
                """)

        @Option(help: .config, completion: .file()) var config: String
        @Option(parsing: .upToNextOption, help: .cluster, completion: .file()) var cluster: [String] = []
        @Option(help: .emergencyTime) var at: String?
        @Option(help: .output) var output: OutputFormat = .text

        func validate() throws { try TimeArgument.validate(at) }

        func run() throws {
            let loaded = try ConfigurationLoader.load(path: config)
            let cluster = cluster.isEmpty ? nil : try ClusterInputs.readCluster(cluster)
            let list = GrantList(
                EntraNames(loaded.configuration, now: TimeArgument.moment(at)),
                displayNames: DirectoryNames.loadOrNote(loaded.configuration), cluster: cluster)
            switch output {
            case .text: Console.print(list.text)
            case .json: Console.print(list.json)
            }
        }
    }
}
