public import Timestamps

/// Limits repeated log lines: the first passes, then one a minute, which says how many were left out.
public struct RepeatLimit: Hashable, Sendable {
    /// Seconds between two lines.
    public static let interval: Int64 = 60

    private var last: Timestamp?
    private var leftOut = 0

    /// A limit that lets the next line pass.
    public init() {}

    /// Nil if the line is to be left out; otherwise the number of lines left out since the previous one.
    public mutating func admit(at now: Timestamp) -> Int? {
        // If the clock is set back, lines must not stay silent for longer than the interval.
        if let last, last <= now, now.seconds(since: last) < Self.interval {
            leftOut += 1
            return nil
        }
        last = now
        defer { leftOut = 0 }
        return leftOut
    }
}
