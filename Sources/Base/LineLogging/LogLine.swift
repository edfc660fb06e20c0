internal import Glibc
internal import Logging
internal import SafeText
import Timestamps

/// One log line. Nothing in it can start another line.
public struct LogLine {
    /// RFC 3339; nil if the reader adds the time.
    public var time: String?
    /// Nil in the audit file.
    public var level: String?
    /// A constant text; nil in the audit file.
    public var message: String?
    /// Names and values in the order of writing.
    public var fields: [(name: String, value: String)]
    /// Fields with several values, after the others.
    public var lists: [(name: String, values: [String])] = []
    /// Syslog priority from 0 to 7, written before the line as systemd's journal reads it (sd-daemon(3)).
    public var priority: Int?

    /// A line from its parts.
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

    /// Writes a member's name into an open object.
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

    /// Fields that are written as numbers or booleans, so that `jq 'select(.admin)'` works.
    private static let numbers = ["durationMicroseconds", "leftOut", "groupObjectIDs"]
    private static let booleans = ["admin", "emergencyAccess", "lastKnownUsed", "pausing"]

    private static func isLiteral(_ value: String, named name: String) -> Bool {
        if value == "true" || value == "false" { return booleans.contains(name) }
        guard let first = value.utf8.first, value.utf8.count <= 15, value.utf8.allSatisfy({ $0 >= 48 && $0 <= 57 })
        else { return false }
        return (first != 48 || value.utf8.count == 1) && numbers.contains(name)
    }

    /// Writes a value, in quotation marks if it needs them.
    private static func append(value text: String, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { utf8 in
            // No early exit, so that the compiler can check many bytes at once.
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

    /// Escapes unprintable characters as JSON does, and quotation marks within quotation marks.
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
        let milliseconds = String(1000 + time.tv_nsec / 1_000_000).dropFirst()
        return prefix + milliseconds + "Z"
    }
}
