internal import ArgumentParser
internal import Configuration
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

        @Argument(help: .init("The configuration file.", valueName: "file"), completion: .file()) var file: String
        @Option(help: .output) var output: LintFormat = .text
        @Flag(help: "Warnings make the exit status 1.") var strict = false

        @Flag(help: "Do not look at the files that the configuration names, which are on another machine.")
        var noFiles = false

        func run() throws {
            let report: ConfigurationReport
            do throws(ConfigurationError) {
                report = ConfigurationReport(
                    file: file, problems: [], findings: try findAll(), looksAtFiles: !noFiles)
            } catch {
                // An unreadable file is reported as in every other command.
                if output == .text, error.problems.contains(where: \.isAboutFile) { throw error }
                report = ConfigurationReport(
                    file: file, problems: error.problems, findings: [], looksAtFiles: !noFiles)
            }
            switch output {
            case .json: Console.print(report.json)
            case .markdown: Console.print(report.markdown)
            case .sarif: Console.print(report.sarif(version: Version.current).json)
            case .text:
                // Errors and findings go to one stream, so that one problem matcher finds both.
                for line in report.lines { Console.note(line) }
                if report.problems.isEmpty { Console.print(report.summary) }
            }
            guard report.problems.isEmpty else { throw ExitCode.cannot }
            if strict, report.warningCount > 0 { throw ExitCode.no }
        }

        private func findAll() throws(ConfigurationError) -> [LintFinding] {
            if noFiles {
                let loaded = try ConfigurationLoader.load(path: file)
                return ConfigurationLinter.findings(in: loaded, facts: LintEnvironment(now: .now()))
            }
            let servable = try ServableConfiguration.load(file)
            return ConfigurationLinter.findings(in: servable.loaded, facts: LintEnvironment(servable))
        }
    }
}
