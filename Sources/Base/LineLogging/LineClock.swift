import Glibc
import Timestamps

/// Formats the time of lines as RFC 3339 with milliseconds. It caches what stays the same within a second.
public struct LineClock {
    private var second: Int = .min
    private var prefix = ""

    /// A clock that has not been read yet.
    public init() {}

    /// The time now.
    public mutating func text() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        if time.tv_sec != second {
            second = time.tv_sec
            prefix = String(Timestamp(secondsSinceEpoch: Int64(second)).rfc3339.dropLast()) + "."
        }
        let milliseconds = time.tv_nsec / 1_000_000
        return String(unsafeUninitializedCapacity: prefix.utf8.count + 4) { buffer in
            var count = 0
            for byte in prefix.utf8 {
                buffer[count] = byte
                count += 1
            }
            for divisor in [100, 10, 1] {
                buffer[count] = UInt8(ascii: "0") + UInt8(milliseconds / divisor % 10)
                count += 1
            }
            buffer[count] = UInt8(ascii: "Z")
            return count + 1
        }
    }
}
