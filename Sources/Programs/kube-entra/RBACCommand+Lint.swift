import ArgumentParser
import ClusterAccess
import CommandInput
import Terminal

extension RBACCommand {
    /// `kube-entra rbac lint`: bindings that can never match, and bindings that grant too much.
    struct Lint: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "lint",
            abstract: "Looks for bindings that can never match anybody of Entra, and for those that give too much.",
            discussion: """
                An annotation on a binding silences a rule there:

                  kube-entra.dev/lint-allow: group-never-given these people sign in with certificates

                Exit status: 0 checked; 1 there are warnings and --strict; 2 could not check.
                """)

        @Option(help: .config, completion: .file()) var config: String
        @Option(parsing: .upToNextOption, help: .cluster, completion: .file()) var cluster: [String]
        @Option(help: .emergencyTime) var at: String?
        @Flag(help: "Warnings make the exit status 1.") var strict = false
        @Option(help: .output) var output: LintFormat = .text

        func validate() throws { try checked { try TimeArgument.read(at) } }

        func run() throws {
            let inputs = try readInputs()
            let report = RBACLinter.report(
                inputs.cluster, names: inputs.names(now: try TimeArgument.read(at)), displayNames: inputs.displayNames,
                adminGroupsPlace: inputs.adminGroupsPlace)
            Console.notes(inputs.notes + report.remarks, isNamed: true)
            Console.print(report.formatted(as: output, inputs.displayNames, version: Version.current))
            if strict, report.warningCount > 0 { throw ExitCode.no }
        }

        /// A code scanner gets the error as well, so that it stands beside the line.
        private func readInputs() throws -> ClusterInputs {
            do {
                return try ClusterInputs(config: config, cluster: cluster)
            } catch {
                if output == .sarif, let log = RBACLintReport.sarif(of: error, version: Version.current) {
                    Console.print(log.json)
                }
                throw error
            }
        }
    }
}
