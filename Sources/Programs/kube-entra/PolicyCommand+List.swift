import ArgumentParser
import ClusterAccess
import CommandInput
import Terminal

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

        func validate() throws { try checked { try TimeArgument.read(at) } }

        func run() throws {
            let list = try GrantList(config: config, cluster: cluster, now: TimeArgument.read(at))
            Console.notes(list.notes, isNamed: true)
            Console.print(as: output, text: list.text, json: list.json)
        }
    }
}
