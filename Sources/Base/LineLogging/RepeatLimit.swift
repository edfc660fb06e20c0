public import Timestamps

/// Lets one of many lines through that say the same: the first, then one a minute, which says how many there were
/// between them.
public struct RepeatLimit: Hashable, Sendable {
    /// Seconds between two lines.
    public static let interval: Int64 = 60

    private var last: Timestamp?
    private var leftOut = 0

    public init() {}

    /// Nil when the line is to be left out; else how many were left out since the one before.
    public mutating func admit(at now: Timestamp) -> Int? {
        // A clock that was put back must not silence anything for longer than the interval.
        if let last, last <= now, now.seconds(since: last) < Self.interval {
            leftOut += 1
            return nil
        }
        last = now
        defer { leftOut = 0 }
        return leftOut
    }
}
