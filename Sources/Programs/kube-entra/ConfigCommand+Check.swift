import ArgumentParser
import Configuration
import Installation
import Terminal
import Timestamps

extension ConfigCommand {
    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "check",
            abstract: "Loads a configuration as `serve` would, then looks for what is unwise.",
            discussion: """
                With --no-files, only the configuration file itself is checked, for example in version control. A comment \
                `# kube-entra:allow RULE reason` on the line of a finding, or in a line of its own above, silences the \
                rule there. As root, files are judged as the webhook's user would find them.

                Exit status: 0 usable; 1 usable, with warnings and --strict; 2 `serve` would refuse it.
                """)

        @Argument(help: .init("The configuration file.", valueName: "file"), completion: .file()) var file: String
        @Option(help: .output) var output: LintFormat = .text
        @Flag(help: "Warnings make the exit status 1.") var strict = false

        @Flag(help: "Do not look at the files that the configuration names, which are on another machine.")
        var noFiles = false

        func run() throws {
            if !noFiles, let user = WebhookUser.takeOn(toCheck: file) {
                Console.notes(["checked with the permissions of \(user), whom the webhook runs as"])
            }
            let report = try ConfigurationReport(
                checking: file, looksAtFiles: !noFiles, format: output, now: .now())
            if let result = report.formatted(as: output, version: Version.current) {
                Console.print(result)
            } else {
                // Errors and findings go to one stream, so that one problem matcher finds both.
                Console.notes(report.lines)
                if report.problems.isEmpty { Console.print([report.summary]) }
            }
            guard report.problems.isEmpty else { throw ExitCode.cannot }
            if strict, report.warningCount > 0 { throw ExitCode.no }
        }
    }
}
