internal import ArgumentParser
internal import Configuration
internal import Files
internal import Jansson
internal import PolicyChecks
internal import Terminal
internal import Timestamps

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
            let configuration = try DenyFiles.load(path: config).configuration
            let loaded = try PolicySuite.load(paths: suites)
            let checker = PolicyChecker(configuration.authentication)
            let now = Timestamp.now()
            let results = loaded.map { $0.run(checker, now: now) }
            if let junit {
                do {
                    try FileIO.write(Array(JUnitReport.render(results).utf8), to: junit, mode: 0o644)
                } catch {
                    throw CommandFailure("\(junit): \(error.sentence)")
                }
            }
            let failed = results.reduce(0) { $0 + $1.failedCount }
            let passed = results.reduce(0) { $0 + $1.cases.count } - failed
            switch output {
            case .text:
                for result in results where result.failedCount > 0 { Console.print(result.text) }
                Console.print("\(passed) passed, \(failed) failed")
            case .json:
                Console.print(
                    .object([
                        ("passed", .integer(Int64(passed))), ("failed", .integer(Int64(failed))),
                        ("suites", .array(results.map(\.json))),
                    ]))
            }
            if failed > 0 { throw ExitCode.no }
        }
    }
}
