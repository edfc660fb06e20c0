import Configuration
public import Jansson
import SafeText
import Terminal
public import Timestamps

/// The result of `policy test`: all suites against one configuration.
public struct PolicySuiteRun: Sendable {
    /// The result of each suite.
    public let results: [PolicySuiteResult]
    /// What people should know about the configuration's files.
    public let notes: [String]

    /// Reads the configuration and the suites, and runs the cases.
    ///
    /// - Throws: `ConfigurationError` if a file cannot be used.
    public init(config: String, suites: [String], now: Timestamp) throws {
        let (loaded, notes) = try DenyFiles.loadKnown(path: config)
        self.notes = notes
        let checker = PolicyChecker(loaded.configuration.authentication)
        results = try PolicySuite.load(paths: suites).map { $0.run(checker, now: now) }
    }

    /// Number of cases that fail.
    public var failedCount: Int { results.reduce(0) { $0 + $1.failedCount } }

    private var passedCount: Int { results.reduce(0) { $0 + $1.cases.count } - failedCount }

    /// The suites with failed cases, and a line with both numbers.
    public var text: String {
        PrintableText.page(results.flatMap(\.lines) + ["\(passedCount) passed, \(failedCount) failed"])
    }

    /// The result for programs.
    public var json: JSON {
        .object([
            ("passed", .integer(Int64(passedCount))), ("failed", .integer(Int64(failedCount))),
            ("suites", .array(results.map(\.json))),
        ])
    }

    /// Writes the result as JUnit XML.
    ///
    /// - Throws: `CommandFailure` if the file cannot be written.
    public func writeJUnit(to path: String) throws {
        try CommandFile.write(Array(JUnitReport.render(results).utf8), to: path)
    }
}
