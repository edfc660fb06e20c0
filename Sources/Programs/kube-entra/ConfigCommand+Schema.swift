import ArgumentParser
import Configuration
import PolicyChecks
import Terminal

extension ConfigCommand {
    /// `kube-entra config schema`: schemas of configurations and policy suites for editors and CI.
    struct Schema: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "schema",
            abstract: "Prints the JSON Schema of configurations and policy suites, for editors and CI.",
            discussion: """
                Without --of, one schema for both: a file with `tests` is a policy suite, every other file a \
                configuration. Only `config check` finds mistakes that involve several fields or files.
                """)

        /// What the schema describes.
        enum Subject: String, ExpressibleByArgument, CaseIterable {
            case configuration
            case suite
        }

        @Option(name: .customLong("of"), help: "Only the schema of this.") var subject: Subject?

        func run() throws {
            switch subject {
            case .configuration: Console.print(WebhookConfiguration.schema)
            case .suite: Console.print(PolicySuite.schema)
            case nil: Console.print(PolicySuite.schemaWithConfiguration)
            }
        }
    }
}
