public import Terminal
public import Timestamps

/// A time on the command line.
public enum TimeArgument {
    private static let form = "a date and time with a zone, for example 2026-12-01T00:00:00Z"

    /// The time of an option such as `--at`; without it, now.
    ///
    /// - Throws: ``UsageProblem`` unless the text is an RFC 3339 date-time.
    public static func read(
        _ text: String?, option: String = "--at", now: @autoclosure () -> Timestamp = .now()
    ) throws(UsageProblem) -> Timestamp {
        guard let text else { return now() }
        guard let time = Timestamp(rfc3339: text) else { throw UsageProblem("\(option) must be \(form)") }
        return time
    }

    /// The time of an option that bounds a denial. A fraction of a second is rounded up.
    ///
    /// - Parameter now: the time that `now` means; nil if the option does not take this word.
    static func readBound(_ text: String, option: String, now: Timestamp? = nil) throws(UsageProblem) -> Timestamp {
        if let now, text == "now" { return now }
        guard let time = Timestamp(rfc3339RoundingUp: text) else {
            throw UsageProblem("\(option) must be \(now == nil ? "" : "now, or ")\(form)")
        }
        return time
    }
}
