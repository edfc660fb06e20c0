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
        var clock = LineClock()
        write(
            LogLine(time: clock.text(), level: event.level.rawValue, message: "\(event.message)", fields: fields))
    }

    /// Writes a line that was put together elsewhere, for those who write very many.
    func write(_ line: LogLine) {
        writer.write(format == .json ? line.json : line.text)
    }

    /// Whether every line carries more than what ``write(_:)`` is given.
    var hasOwnMetadata: Bool { !metadata.isEmpty || metadataProvider != nil }

    /// What was lost since the last time this was asked.
    func takeLosses() -> LineWriter.Losses { writer.takeLosses() }
}
