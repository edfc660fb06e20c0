internal import ArgumentParser
internal import ClusterAccess
internal import Configuration
internal import Jansson
internal import RBAC
internal import Terminal
internal import Timestamps

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

        func validate() throws { try TimeArgument.validate(at) }

        func run() throws {
            let inputs = try ClusterInputs.load(config: config, cluster: cluster)
            let report = RBACLinter.report(
                inputs.cluster, names: inputs.names(now: TimeArgument.moment(at)), displayNames: inputs.displayNames,
                adminGroupsPlace: inputs.loaded.place("kubernetes.adminGroups"))
            for remark in report.remarks { Console.note("kube-entra: \(remark)") }
            switch output {
            case .text: Console.print(report.text(inputs.displayNames))
            case .json: Console.print(report.json)
            case .markdown: Console.print(report.markdown(inputs.displayNames))
            case .sarif: Console.print(report.sarif(version: Version.current).json)
            }
            if strict, report.warningCount > 0 { throw ExitCode.no }
        }
    }
}

extension LoadedConfiguration {
    /// The place of a field, else the start of the file.
    fileprivate func place(_ field: String) -> Place {
        let position = positions[field] ?? FieldPosition(line: 1, column: 1)
        return Place(file: path, line: position.line, column: position.column)
    }
}
