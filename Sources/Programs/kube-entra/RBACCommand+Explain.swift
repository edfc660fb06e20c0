import ArgumentParser
import ClusterAccess
import CommandInput
import Configuration
import PolicyChecks
import Terminal

extension RBACCommand {
    /// `kube-entra rbac explain`: what one principal can do.
    struct Explain: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "explain",
            abstract: "What a principal can do in the cluster: every rule, with its path.",
            discussion: """
                Takes what `policy check` takes: a token (on standard input or with --token-file, and --keys), --claims, \
                or --group, --user and the like.

                  kube-entra rbac explain --config kube-entra.yaml --cluster rbac.json \\
                    --group 9999aaaa-bbbb-cccc-dddd-eeeeffff0000

                Exit status: 0 admitted, also without any rule; 1 refused; 2 could not check.
                """)

        @Option(help: .config, completion: .file()) var config: String
        @Option(parsing: .upToNextOption, help: .cluster, completion: .file()) var cluster: [String]
        @OptionGroup var principal: PrincipalArguments
        @Option(help: .output) var output: OutputFormat = .text

        mutating func validate() throws {
            // `--cluster PATH… TOKEN`, the order of the usage, makes the token one of the paths.
            if principal.request.isEmpty { principal.token = CommandWords.token(takenBy: &cluster) }
            guard !cluster.contains("-") || !principal.request.readsStandardInput else {
                throw ValidationError("--cluster - reads standard input, so the token must come from --token-file")
            }
        }

        func run() throws {
            let inputs = try ClusterInputs(config: config, cluster: cluster)
            let (configuration, deniedNotes) = inputs.withDenied()
            Console.notes(inputs.notes + deniedNotes, isNamed: true)
            let answer = try principal.answer(configuration)
            Console.notes(answer.remark.map { [$0] } ?? [], isNamed: true)
            let report = ExplainReport(answer, cluster: inputs.cluster)
            Console.print(as: output, text: report.text(inputs.displayNames), json: report.json)
            if !answer.isAdmitted { throw ExitCode.no }
        }
    }
}
