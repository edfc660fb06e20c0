internal import ArgumentParser
internal import Configuration
internal import Jansson
internal import Terminal
internal import Timestamps

extension ConfigCommand {
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Loads a configuration as `serve` would, then looks for what is unwise.",
            discussion: """
                Exit status: 0 usable; 1 usable, with warnings and --strict; 2 `serve` would refuse it. With \
                --no-files, that is said of the configuration file alone, for example in version control. A comment \
                `# kube-entra:allow RULE reason` on the line of a finding, or in a line of its own above, silences the \
                rule there.
                """)

        @Argument(help: ArgumentHelp("The configuration file.", valueName: "file"), completion: .file())
        var file: String

        @Option(name: .long, help: "How the result is written.")
        var output: OutputFormat = .text

        @Flag(name: .long, help: "Warnings make the exit status 1.")
        var strict = false

        @Flag(
            name: .customLong("no-files"),
            help: "Do not look at the files that the configuration names, which are on another machine.")
        var noFiles = false

        func run() throws {
            let findings: [LintFinding]
            do throws(ConfigurationError) {
                findings = try findAll()
            } catch {
                if output == .json {
                    Console.print(Check.json(file, problems: error.problems, findings: []))
                } else {
                    for problem in error.problems { Console.note(problem.description) }
                }
                throw ExitCode.cannot
            }
            let warnings = findings.filter { $0.severity == .warning && $0.allowedBecause == nil }
            switch output {
            case .json: Console.print(Check.json(file, problems: [], findings: findings))
            case .text:
                for finding in findings where finding.allowedBecause == nil { Console.print(text(finding)) }
                Console.print(
                    "\(file): usable, \(warnings.count) warning\(warnings.count == 1 ? "" : "s")"
                        + (noFiles ? "; the files that it names were not looked at" : ""))
            }
            if strict && !warnings.isEmpty { throw ExitCode.no }
        }

        private func findAll() throws(ConfigurationError) -> [LintFinding] {
            if noFiles {
                let loaded = try ConfigurationLoader.load(path: file)
                return ConfigurationLinter.findings(in: loaded, facts: LintFacts(now: .now()))
            }
            let servable = try ServableConfiguration.load(file)
            return ConfigurationLinter.findings(in: servable.loaded, facts: LintFacts(servable))
        }

        private func text(_ finding: LintFinding) -> String {
            let place = "\(file):\(finding.line):\(finding.column): "
            let field = finding.field.isEmpty ? "" : "\(finding.field): "
            return place + "\(finding.severity.rawValue): " + field + finding.message
                + " [\(finding.rule.rawValue)]\n  → "
                + finding.advice
        }

        private static func json(_ file: String, problems: [ConfigurationProblem], findings: [LintFinding]) -> JSON {
            .object([
                ("file", .string(file)),
                ("usable", .bool(problems.isEmpty)),
                (
                    "problems",
                    .array(
                        problems.map { problem in
                            .object([
                                ("line", .integer(Int64(problem.line))), ("column", .integer(Int64(problem.column))),
                                ("field", .string(problem.field)), ("message", .string(problem.message)),
                                ("rule", JSON(problem.rule?.rawValue)),
                            ])
                        })
                ),
                (
                    "findings",
                    .array(
                        findings.map { finding in
                            .object([
                                ("rule", .string(finding.rule.rawValue)),
                                ("severity", .string(finding.severity.rawValue)),
                                ("line", .integer(Int64(finding.line))), ("column", .integer(Int64(finding.column))),
                                ("field", .string(finding.field)), ("message", .string(finding.message)),
                                ("advice", .string(finding.advice)), ("allowedBecause", JSON(finding.allowedBecause)),
                            ])
                        })
                ),
            ])
        }
    }
}
