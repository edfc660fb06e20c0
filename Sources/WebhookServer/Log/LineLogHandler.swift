internal import Glibc
public import Logging
import Timestamps

/// How log lines look.
public enum LogFormat: String, Sendable, CaseIterable {
    case text
    case json
}

/// Log lines as text or JSON, one write each.
public struct LineLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level

    private let label: String
    private let format: LogFormat
    private let writer: LineWriter

    public init(label: String, level: Logger.Level, format: LogFormat, writer: LineWriter) {
        self.label = label
        self.format = format
        self.writer = writer
        logLevel = level
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        var fields = all.map { (name: $0.key, value: "\($0.value)") }
        fields.sort { $0.name < $1.name }
        let line = LogLine(
            time: LogLine.timestamp(), level: event.level.rawValue, message: "\(event.message)", fields: fields)
        writer.write(format == .json ? line.json : line.text)
    }
}

/// One log line; nothing in it can begin another.
struct LogLine {
    var time: String
    /// Nil in the audit file.
    var level: String?
    var message: String?
    var fields: [(name: String, value: String)]

    var text: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(384)
        bytes.append(contentsOf: time.utf8)
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: (level ?? "").utf8)
        bytes.append(UInt8(ascii: " "))
        Self.append(message ?? "", to: &bytes, isQuoted: false)
        for field in fields {
            bytes.append(UInt8(ascii: " "))
            bytes.append(contentsOf: field.name.utf8)
            bytes.append(UInt8(ascii: "="))
            let isPlain = !field.value.isEmpty && field.value.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3D }
            if !isPlain { bytes.append(UInt8(ascii: "\"")) }
            Self.append(field.value, to: &bytes, isQuoted: !isPlain)
            if !isPlain { bytes.append(UInt8(ascii: "\"")) }
        }
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    var json: [UInt8] {
        var bytes: [UInt8] = [UInt8(ascii: "{")]
        bytes.reserveCapacity(512)
        var head = [(name: "time", value: time)]
        if let level { head.append((name: "level", value: level)) }
        if let message { head.append((name: "message", value: message)) }
        for field in head + fields {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            bytes.append(UInt8(ascii: "\""))
            Self.append(field.name, to: &bytes, isQuoted: true)
            bytes.append(contentsOf: "\":\"".utf8)
            Self.append(field.value, to: &bytes, isQuoted: true)
            bytes.append(UInt8(ascii: "\""))
        }
        bytes.append(contentsOf: "}\n".utf8)
        return bytes
    }

    /// RFC 3339 with milliseconds.
    static func timestamp() -> String {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let milliseconds = String(1000 + time.tv_nsec / 1_000_000).dropFirst()
        let seconds = Timestamp(secondsSinceEpoch: Int64(time.tv_sec)).rfc3339.dropLast()
        return "\(seconds).\(milliseconds)Z"
    }

    /// Escapes control characters, as JSON does, and quotation marks within quotation marks.
    private static func append(_ text: String, to bytes: inout [UInt8], isQuoted: Bool) {
        for byte in text.utf8 {
            if byte < 0x20 || byte == 0x7F {
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(contentsOf: (byte < 16 ? "0" : "").utf8)
                bytes.append(contentsOf: String(byte, radix: 16).utf8)
            } else {
                if isQuoted, byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                    bytes.append(UInt8(ascii: "\\"))
                }
                bytes.append(byte)
            }
        }
    }
}
