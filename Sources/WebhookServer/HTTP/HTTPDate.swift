import Timestamps

/// Dates as HTTP writes them (RFC 9110 section 5.6.7).
enum HTTPDate {
    static func text(_ time: Timestamp) -> String {
        let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let seconds = max(0, time.secondsSinceEpoch)
        // 2026-12-01T00:00:00Z
        let parts = time.rfc3339.utf8.split { !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            .map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 6, let month = Int(parts[1]), months.indices.contains(month - 1) else { return "" }
        let day = days[Int(seconds / 86_400 % 7)]
        return "\(day), \(parts[2]) \(months[month - 1]) \(parts[0]) \(parts[3]):\(parts[4]):\(parts[5]) GMT"
    }
}
