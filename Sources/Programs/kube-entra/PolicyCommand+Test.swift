import ArgumentParser
import PolicyChecks
import Terminal
import Timestamps

extension PolicyCommand {
    /// `kube-entra policy test`: runs suites of expectations.
    struct Test: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test",
            abstract: "Runs policy test suites (YAML) against a configuration.",
            discussion: """
                `policy check --as-test` writes cases from real principals:

                  tests:
                    - name: developers are no admins
                      given: { groups: [9999aaaa-bbbb-cccc-dddd-eeeeffff0000] }
                      expect: { admitted: true, admin: false }

                Exit status: 0 all cases pass; 1 a case fails; 2 a suite or the configuration is wrong.
                """
        )

        @Option(help: .config, completion: .file()) var config: String
        @Argument(help: .init("Suite files.", valueName: "suite"), completion: .file()) var suites: [String]

        @Option(
            help: .init("Also write the results into this file, as JUnit XML.", valueName: "file"), completion: .file())
        var junit: String?

        @Option(help: .output) var output: OutputFormat = .text

        func run() throws {
            let run = try PolicySuiteRun(config: config, suites: suites, now: .now())
            Console.notes(run.notes, isNamed: true)
            if let junit { try run.writeJUnit(to: junit) }
            Console.print(as: output, text: run.text, json: run.json)
            if run.failedCount > 0 { throw ExitCode.no }
        }
    }
}
