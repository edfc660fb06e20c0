import Glibc

extension Timestamp {
    /// Reads an RFC 3339 date-time, for example `2026-12-01T00:00:00Z` or `2026-12-01T01:00:00+01:00`.
    ///
    /// A time zone is required. Fractions of a second are dropped. Nil for anything else.
    public init?(rfc3339 text: some StringProtocol) {
        self.init(rfc3339: text, roundingUp: false)
    }

    /// Like ``init(rfc3339:)``, but a fraction of a second is rounded up. A whole second is then earlier than the exact
    /// time if and only if it is earlier than this.
    public init?(rfc3339RoundingUp text: some StringProtocol) {
        self.init(rfc3339: text, roundingUp: true)
    }

    private init?(rfc3339 text: some StringProtocol, roundingUp: Bool) {
        var reader = DateReader(bytes: Array(text.utf8))
        guard
            let year = reader.number(digits: 4), reader.take("-"),
            let month = reader.number(digits: 2), (1...12).contains(month), reader.take("-"),
            let day = reader.number(digits: 2), let midnight = Timestamp.midnight(year: year, month: month, day: day),
            reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.number(digits: 2), hour < 24, reader.take(":"),
            let minute = reader.number(digits: 2), minute < 60, reader.take(":"),
            // RFC 3339 allows leap seconds; they count as the first second of the next minute.
            let second = reader.number(digits: 2), second <= 60,
            let hasFraction = reader.fraction(),
            let offset = reader.zoneOffset(), reader.isAtEnd
        else { return nil }
        let started = roundingUp && hasFraction ? 1 : 0
        self.init(secondsSinceEpoch: midnight + Int64(hour * 3600 + minute * 60 + second - offset + started))
    }

    /// A UTC date and time of the years 0 to 9999; nil if there is no such day.
    public init?(year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        guard let midnight = Timestamp.midnight(year: year, month: month, day: day),
            (0..<24).contains(hour), (0..<60).contains(minute), (0...60).contains(second)
        else { return nil }
        self.init(secondsSinceEpoch: midnight + Int64(hour * 3600 + minute * 60 + second))
    }

    /// The time in UTC as RFC 3339, for example `2026-12-01T00:00:00Z`.
    ///
    /// Times outside of the years 0 to 9999 become the nearest time that RFC 3339 can express.
    public var rfc3339: String {
        let parts = calendar
        return Timestamp.padded(parts.year, 4) + "-" + Timestamp.padded(parts.month, 2) + "-"
            + Timestamp.padded(parts.day, 2) + "T" + Timestamp.padded(parts.hour, 2) + ":"
            + Timestamp.padded(parts.minute, 2) + ":" + Timestamp.padded(parts.second, 2) + "Z"
    }

    /// The UTC calendar fields. Times outside of the years 0 to 9999 become the nearest time inside.
    var calendar: (year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int) {
        var seconds = time_t(min(max(secondsSinceEpoch, -62_167_219_200), 253_402_300_799))
        var parts = tm()
        gmtime_r(&seconds, &parts)
        return (
            Int(parts.tm_year) + 1900, Int(parts.tm_mon) + 1, Int(parts.tm_mday), Int(parts.tm_hour),
            Int(parts.tm_min), Int(parts.tm_sec)
        )
    }

    /// The seconds since 1970 at the start of a UTC day; nil if there is no such day.
    private static func midnight(year: Int, month: Int, day: Int) -> Int64? {
        // timegm(3) would take the 30th of February for the 1st or 2nd of March, and changes the parts then.
        guard (0...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        var parts = tm()
        parts.tm_year = Int32(year - 1900)
        parts.tm_mon = Int32(month - 1)
        parts.tm_mday = Int32(day)
        let seconds = timegm(&parts)
        return Int(parts.tm_mday) == day ? Int64(seconds) : nil
    }

    static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
    }
}

private struct DateReader {
    let bytes: [UInt8]
    var position = 0

    init(bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func number(digits: Int) -> Int? {
        guard position + digits <= bytes.count else { return nil }
        var value = 0
        for byte in bytes[position..<position + digits] {
            guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) else { return nil }
            value = value * 10 + Int(byte - UInt8(ascii: "0"))
        }
        position += digits
        return value
    }

    /// Whether a fraction of a second follows that is not zero; nil for a point without digits after it.
    mutating func fraction() -> Bool? {
        guard take(".") else { return false }
        guard var sum = number(digits: 1) else { return nil }
        while let digit = number(digits: 1) { sum |= digit }
        return sum != 0
    }

    mutating func zoneOffset() -> Int? {
        if take("Z") || take("z") { return 0 }
        let sign: Int
        if take("+") { sign = 1 } else if take("-") { sign = -1 } else { return nil }
        guard let hours = number(digits: 2), hours < 24, take(":"), let minutes = number(digits: 2), minutes < 60
        else { return nil }
        return sign * (hours * 3600 + minutes * 60)
    }
}
