internal import Glibc
internal import Logging
internal import SafeText
import Timestamps

/// One log line; nothing in it can begin another.
public struct LogLine {
    /// RFC 3339; nil where somebody else writes the time down.
    public var time: String?
    /// Nil in the audit file.
    public var level: String?
    public var message: String?
    public var fields: [(name: String, value: String)]
    /// Behind the fields.
    public var lists: [(name: String, values: [String])] = []
    /// Of syslog, from 0 to 7: stands before the line as systemd's journal reads it (sd-daemon(3)).
    public var priority: Int?

    /// A line of these parts.
    public init(
        time: String?, level: String? = nil, message: String? = nil, fields: [(name: String, value: String)]
    ) {
        self.time = time
        self.level = level
        self.message = message
        self.fields = fields
    }

    /// The line as systemd's journal wants it: with its priority, and without a second time.
    public var forJournal: LogLine {
        var line = self
        line.time = nil
        line.priority =
            switch level.flatMap({ Logger.Level(rawValue: $0) }) {
            case .critical: 2
            case .error: 3
            case .warning: 4
            case .notice: 5
            case .trace, .debug: 7
            case .info, nil: 6
            }
        return line
    }

    /// The line as text, with its line feed.
    public var text: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(384)
        appendPriority(to: &bytes)
        if let time {
            bytes.append(contentsOf: time.utf8)
            bytes.append(UInt8(ascii: " "))
        }
        bytes.append(contentsOf: (level ?? "").utf8)
        bytes.append(UInt8(ascii: " "))
        Self.append(message ?? "", to: &bytes, isQuoted: false)
        for field in fields {
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: field.name.utf8)
            bytes.append(UInt8(ascii: "="))
            Self.append(value: field.value, to: &bytes)
        }
        for list in lists {
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: list.name.utf8)
            bytes.append(UInt8(ascii: "="))
            Self.append(value: list.values.joined(separator: ","), to: &bytes)
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// The line as a JSON object, with its line feed.
    public var json: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        appendPriority(to: &bytes)
        bytes.append(UInt8(ascii: "{"))
        var head: [(name: String, value: String)] = []
        if let time { head.append((name: "time", value: time)) }
        if let level { head.append((name: "level", value: level)) }
        if let message { head.append((name: "message", value: message)) }
        for field in head + fields {
            Self.append(name: field.name, to: &bytes)
            if Self.isLiteral(field.value, named: field.name) {
                bytes.append(contentsOf: field.value.utf8)
                continue
            }
            Self.append(quoted: field.value, to: &bytes)
        }
        for list in lists {
            Self.append(name: list.name, to: &bytes)
            bytes.append(UInt8(ascii: "["))
            for (index, value) in list.values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.append(quoted: value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        }
        bytes.append(contentsOf: "}\n".utf8)
        return bytes
    }

    private func appendPriority(to bytes: inout [UInt8]) {
        if let priority { bytes.append(contentsOf: "<\(priority)>".utf8) }
    }

    /// The name of a member of an object that has begun.
    private static func append(name: String, to bytes: inout [UInt8]) {
        if bytes.last != UInt8(ascii: "{") { bytes.append(UInt8(ascii: ",")) }
        append(quoted: name, to: &bytes)
        bytes.append(UInt8(ascii: ":"))
    }

    private static func append(quoted text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        append(text, to: &bytes, isQuoted: true)
        bytes.append(UInt8(ascii: "\""))
    }

    /// Fields that are numbers or booleans by nature, so that `jq 'select(.admin)'` means what it says.
    private static let numbers = ["durationMicroseconds", "leftOut", "groupObjectIDs"]
    private static let booleans = ["admin", "emergencyAccess", "lastKnownUsed", "pausing"]

    private static func isLiteral(_ value: String, named name: String) -> Bool {
        if value == "true" || value == "false" { return booleans.contains(name) }
        guard let first = value.utf8.first, value.utf8.count <= 15, value.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 })
        else { return false }
        return (first != 48 || value.utf8.count == 1) && numbers.contains(name)
    }

    /// A value with quotation marks where it needs them.
    private static func append(value text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { utf8 in
            // Without a way out in the middle, so that many bytes are looked at in one step.
            var mustQuote: UInt8 = utf8.isEmpty ? 1 : 0
            var mustEscape: UInt8 = 0
            for byte in utf8 {
                mustQuote |= byte <= 0x20 || byte == 0x22 || byte == 0x3D ? 1 : 0
                mustEscape |= byte < 0x20 || byte >= 0x7F || byte == 0x22 || byte == 0x5C ? 1 : 0
            }
            if mustQuote != 0 { bytes.append(UInt8(ascii: "\"")) }
            if mustEscape == 0 {
                bytes.append(contentsOf: utf8)
            } else {
                for scalar in String(decoding: utf8, as: UTF8.self).unicodeScalars {
                    append(scalar, to: &bytes, isQuoted: mustQuote != 0)
                }
            }
            if mustQuote != 0 { bytes.append(UInt8(ascii: "\"")) }
        }
    }

    /// Escapes what must not be shown, as JSON does, and quotation marks within quotation marks.
    private static func append(_ text: String, to bytes: inout [UInt8], isQuoted: Bool) {
        var text = text
        text.withUTF8 { utf8 in
            var mustEscape: UInt8 = 0
            for byte in utf8 { mustEscape |= byte < 0x20 || byte >= 0x7F || byte == 0x22 || byte == 0x5C ? 1 : 0 }
            if mustEscape == 0 {
                bytes.append(contentsOf: utf8)
            } else {
                for scalar in String(decoding: utf8, as: UTF8.self).unicodeScalars {
                    append(scalar, to: &bytes, isQuoted: isQuoted)
                }
            }
        }
    }

    private static func append(_ scalar: Unicode.Scalar, to bytes: inout [UInt8], isQuoted: Bool) {
        guard PrintableText.isVisible(scalar) else {
            bytes.append(contentsOf: PrintableText.escaped(scalar).utf8)
            return
        }
        if isQuoted, scalar == "\"" || scalar == "\\" { bytes.append(UInt8(ascii: "\\")) }
        bytes.append(contentsOf: String(scalar).utf8)
    }
}

/// The time of lines, RFC 3339 with milliseconds; remembers what stays the same for a second.
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
        let milliseconds = String(1000 + time.tv_nsec / 1_000_000).dropFirst()
        return prefix + milliseconds + "Z"
    }
}
