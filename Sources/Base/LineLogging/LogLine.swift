import Logging

/// One log line. Nothing in it can start another line.
public struct LogLine {
    /// RFC 3339; nil if the reader adds the time.
    public var time: String?
    /// The level; nil in the audit file, whose lines have none.
    public var level: String?
    /// A constant text; nil in the audit file.
    public var message: String?
    /// Names and values in the order of writing.
    public var fields: [(name: String, value: String)]
    /// Fields with several values, after the others.
    public var lists: [(name: String, values: [String])] = []
    /// Syslog priority from 0 to 7, written before the line as systemd's journal reads it (sd-daemon(3)).
    public var priority: Int?

    public init(
        time: String?, level: String? = nil, message: String? = nil, fields: [(name: String, value: String)]
    ) {
        self.time = time
        self.level = level
        self.message = message
        self.fields = fields
    }

    /// The line for systemd's journal: with its priority, without the time.
    public var forJournal: LogLine {
        var line = self
        line.time = nil
        line.priority = Self.priority(level.flatMap { Logger.Level(rawValue: $0) })
        return line
    }

    /// A level's syslog priority.
    static func priority(_ level: Logger.Level?) -> Int {
        switch level {
        case .critical: 2
        case .error: 3
        case .warning: 4
        case .notice: 5
        case .trace, .debug: 7
        case .info, nil: 6
        }
    }

    /// The line as text, with its line feed.
    public var text: [UInt8] { encoded(.text) }

    /// The line as a JSON object, with its line feed.
    public var json: [UInt8] { encoded(.json) }

    func encoded(_ format: LogFormat) -> [UInt8] {
        var encoder = LineEncoder()
        encoder.begin(format, priority: priority, time: time, level: level, message: message)
        for field in fields {
            encoder.add(named: field.name, field.value, isLiteral: Self.isLiteral(field.value, named: field.name))
        }
        for list in lists { encoder.add(list.name, list: list.values) }
        encoder.finish()
        return encoder.withUnsafeBytes { [UInt8]($0) }
    }

    /// Fields that are numbers or booleans by nature. As a string, `"false"` would be true for `jq 'select(.admin)'`.
    private static let numbers = ["durationMicroseconds", "leftOut", "groupObjectIDs"]
    private static let booleans = ["admin", "emergencyAccess", "lastKnownUsed", "pausing"]

    private static func isLiteral(_ value: String, named name: String) -> Bool {
        if value == "true" || value == "false" { return booleans.contains(name) }
        guard let first = value.utf8.first, value.utf8.count <= 15, value.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 })
        else { return false }
        return (first != 48 || value.utf8.count == 1) && numbers.contains(name)
    }
}
