import Glibc

/// A point in time in whole seconds, as in JWT's NumericDate (RFC 7519 section 2) and in certificates.
///
/// Decisions take it as a parameter; only the edges of the program call ``now()``.
public struct Timestamp: Hashable, Comparable, Sendable {
    /// Seconds since 1970-01-01T00:00:00Z, negative before.
    public var secondsSinceEpoch: Int64

    /// A time from its number of seconds, negative before 1970.
    public init(secondsSinceEpoch: Int64) {
        self.secondsSinceEpoch = secondsSinceEpoch
    }

    /// Reads the system's clock.
    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(secondsSinceEpoch: Int64(time.tv_sec))
    }

    /// Whether the first time is earlier.
    public static func < (left: Timestamp, right: Timestamp) -> Bool {
        left.secondsSinceEpoch < right.secondsSinceEpoch
    }

    /// The time that many seconds later. Stops at the end of the range instead of overflowing.
    public func adding(seconds: Int64) -> Timestamp {
        let (sum, overflow) = secondsSinceEpoch.addingReportingOverflow(seconds)
        guard overflow else { return Timestamp(secondsSinceEpoch: sum) }
        return Timestamp(secondsSinceEpoch: seconds > 0 ? .max : .min)
    }

    /// Seconds from `earlier` to this time. Stops at the end of the range instead of overflowing.
    public func seconds(since earlier: Timestamp) -> Int64 {
        let (difference, overflow) = secondsSinceEpoch.subtractingReportingOverflow(earlier.secondsSinceEpoch)
        guard overflow else { return difference }
        return secondsSinceEpoch > earlier.secondsSinceEpoch ? .max : .min
    }
}
