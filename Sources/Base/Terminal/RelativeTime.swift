public import Timestamps

/// Spans of time in words.
public enum RelativeTime {
    /// `12 minutes ago`, `in 2 h`, `now`.
    public static func describe(_ time: Timestamp, now: Timestamp) -> String {
        let seconds = time.seconds(since: now)
        if seconds == 0 { return "now" }
        return seconds < 0 ? span(seconds == .min ? .max : -seconds) + " ago" : "in " + span(seconds)
    }

    /// A number of seconds in words, for example `45 s`, `12 minutes`, `2 h 5 min` or `3 days`. Smaller units are
    /// dropped.
    public static func span(_ seconds: Int64) -> String {
        switch seconds {
        case ..<90: "\(seconds) s"
        case ..<120: "1 minute"
        case ..<5400: "\(seconds / 60) minutes"
        case ..<172_800: seconds % 3600 < 60 ? "\(seconds / 3600) h" : "\(seconds / 3600) h \(seconds % 3600 / 60) min"
        case ..<63_072_000: "\(seconds / 86_400) days"
        default: "\(seconds / 31_536_000) years"
        }
    }
}
