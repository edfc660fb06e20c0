import ArgumentParser
import ClusterAccess
import Terminal
import Timestamps
import WebhookService

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
                Asks once, with each tenant's `directory` settings. The file is what `names` in the configuration names:

                  kube-entra names fetch --config kube-entra.yaml --out names.json

                IDs that Entra no longer knows are named as deleted, with the name that they had in the file before.

                Exit status: 0 written; 2 could not ask, or could not write.
                """)

        @Option(help: .config, completion: .file()) var config: String
        @Option(help: .init("The file to write; - is standard output.", valueName: "file"), completion: .file())
        var out: String

        @Option(
            parsing: .upToNextOption, help: .init("Also what is bound here: files, folders or -.", valueName: "path"),
            completion: .file())
        var cluster: [String] = []

        func validate() throws {
            guard !out.isEmpty else { throw ValidationError("--out must name a file") }
        }

        func run() throws {
            try NamesRequest(config: config, cluster: cluster, path: out).run(now: .now(), note: Console.note) {
                try DirectoryFactory.names(of: $0, tenant: $1)
            }
        }
    }
}
