public import Timestamps

/// Limits log lines: a number of them pass in each interval, and the next one that passes says how many were left out.
public struct RepeatLimit: Hashable, Sendable {
    /// The usual interval between two lines that repeat each other, in seconds.
    public static let interval: Int64 = 60

    private let count: Int
    private let interval: Int64
    private var start: Timestamp?
    private var passed = 0
    private var leftOut = 0

    /// A limit that lets the next line pass.
    ///
    /// - Parameters:
    ///   - count: lines in each interval.
    ///   - interval: in seconds, from the first line on.
    public init(_ count: Int = 1, every interval: Int64 = RepeatLimit.interval) {
        self.count = count
        self.interval = interval
    }

    /// Nil if the line must be left out; otherwise the number of lines left out since the previous one.
    public mutating func admit(at now: Timestamp) -> Int? {
        // If the clock is set back, lines must not stay silent for longer than the interval.
        if let start, start <= now, now.seconds(since: start) < interval {
            guard passed < count else {
                leftOut += 1
                return nil
            }
        } else {
            start = now
            passed = 0
        }
        passed += 1
        defer { leftOut = 0 }
        return leftOut
    }

    /// The number of lines left out in an interval that has ended, if no line has passed since. It is reported once.
    ///
    /// - Parameter now: nil for the end of the program, which waits for no interval.
    public mutating func takeLeftOut(endedBy now: Timestamp?) -> Int {
        if let now, let start, start <= now, now.seconds(since: start) < interval { return 0 }
        defer { leftOut = 0 }
        return leftOut
    }
}
