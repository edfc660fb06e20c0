import Glibc
import Timestamps

/// Formats the time of lines as RFC 3339 with milliseconds. It caches what stays the same within a second.
public struct LineClock {
    private var second: Int = .min
    /// The formatted time of that second. Only its milliseconds are rewritten.
    private var template: [UInt8] = []

    /// A clock that has not been read yet.
    public init() {}

    /// The time now.
    public mutating func text() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        if time.tv_sec != second {
            second = time.tv_sec
            template = Array((Timestamp(secondsSinceEpoch: Int64(second)).rfc3339.dropLast() + ".000Z").utf8)
        }
        var milliseconds = time.tv_nsec / 1_000_000
        for place in stride(from: template.count - 2, to: template.count - 5, by: -1) {
            template[place] = UInt8(ascii: "0") + UInt8(milliseconds % 10)
            milliseconds /= 10
        }
        return String(decoding: template, as: UTF8.self)
    }
}
