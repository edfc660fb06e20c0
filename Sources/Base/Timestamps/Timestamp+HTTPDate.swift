/// Dates of HTTP headers (RFC 9110 section 5.6.7, IMF-fixdate).
extension Timestamp {
    private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// Reads for example `Sun, 06 Nov 1994 08:49:37 GMT`; nil for anything else. The weekday is not checked.
    public init?(httpDate text: some StringProtocol) {
        let parts = text.split { $0 == " " || $0 == ":" }
        guard parts.count == 8, parts[7] == "GMT", let day = Int(parts[1]), let year = Int(parts[3]),
            let month = Timestamp.months.firstIndex(of: String(parts[2])), let hour = Int(parts[4]),
            let minute = Int(parts[5]), let second = Int(parts[6]), (0...9999).contains(year)
        else { return nil }
        self.init(year: year, month: month + 1, day: day, hour: hour, minute: minute, second: second)
    }

    /// For example `Sun, 06 Nov 1994 08:49:37 GMT`. Times before 1970 become its beginning.
    public var httpDate: String {
        let time = max(self, Timestamp(secondsSinceEpoch: 0))
        let parts = time.calendar
        let clock = [parts.hour, parts.minute, parts.second].map { Timestamp.padded($0, 2) }.joined(separator: ":")
        let date = "\(Timestamp.padded(parts.day, 2)) \(Timestamp.months[parts.month - 1])"
        let weekday = Timestamp.weekdays[Int(time.secondsSinceEpoch / 86_400 % 7)]
        return "\(weekday), \(date) \(Timestamp.padded(parts.year, 4)) \(clock) GMT"
    }
}
