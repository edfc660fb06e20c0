import Configuration
public import Terminal
public import Timestamps

/// The times of `deny add`: which tokens are refused, and for how long.
public struct DenialTimes: Hashable, Sendable {
    /// Only tokens issued before this time are refused; nil for all.
    public let issuedBefore: Timestamp?
    /// The end of the denial; nil for none.
    public let until: Timestamp?

    /// - Parameters:
    ///   - issuedBefore: `now` or an RFC 3339 date-time.
    ///   - duration: how long the denial lasts from `now` on, such as `8h`.
    ///   - until: an RFC 3339 date-time; not together with `duration`.
    /// - Throws: ``UsageProblem`` if one has another form, or the denial would end in the past.
    public init(
        issuedBefore: String?, duration: String?, until: String?, now: Timestamp
    ) throws(UsageProblem) {
        guard duration == nil || until == nil else { throw UsageProblem("give --for or --until, not both") }
        var bound: Timestamp?
        if let issuedBefore {
            bound = try TimeArgument.readBound(issuedBefore, option: "--issued-before", now: now)
        }
        self.issuedBefore = bound
        var end: Timestamp?
        if let duration {
            guard let length = DurationText.parse(duration) else {
                throw UsageProblem("--for must be a duration with a unit, for example 90s, 5m, 29h or 1h30m")
            }
            end = now.adding(seconds: length.components.seconds)
        }
        if let until { end = try TimeArgument.readBound(until, option: "--until") }
        if let end, end <= now {
            throw UsageProblem("\(duration == nil ? "--until" : "--for") ends in the past: nobody would be denied")
        }
        self.until = end
    }
}
