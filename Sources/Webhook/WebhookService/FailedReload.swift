import Configuration
import SafeText
import Timestamps

/// Files on disk that are not active, for people who read the status page and not the log.
struct FailedReload: CustomStringConvertible {
    private let time: Timestamp
    private let problem: String
    private let otherProblems: Int

    init(_ error: ConfigurationError, at time: Timestamp) {
        self.time = time
        // Names in the file may contain anything, and this must be one line.
        let first = error.problems.first.map { "\($0)" } ?? ""
        problem = PrintableText.clean(first, maximum: 300)
        otherProblems = max(0, error.problems.count - 1)
    }

    var description: String {
        "a newer version was refused at \(time.rfc3339), the last good one stays: \(problem)"
            + (otherProblems > 0 ? " (and \(otherProblems) more)" : "")
    }
}
