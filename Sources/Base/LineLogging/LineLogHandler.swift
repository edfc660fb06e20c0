import Glibc
public import Logging
import Synchronization
import Timestamps

/// The format of log lines.
public enum LogFormat: String, Hashable, Sendable, CaseIterable {
    case text
    case json
}

/// Level and format of log lines, shared by all loggers and changeable at any time.
public final class LogSettings: Sendable {
    private static let levels = Logger.Level.allCases
    private let levelIndex: Atomic<Int>
    private let isJSON: Atomic<Bool>

    /// Settings with that level and format.
    public init(level: Logger.Level, format: LogFormat) {
        levelIndex = Atomic(Self.levels.firstIndex(of: level) ?? 0)
        isJSON = Atomic(format == .json)
    }

    /// Applies to every line from now on.
    public func update(level: Logger.Level, format: LogFormat) {
        levelIndex.store(Self.levels.firstIndex(of: level) ?? 0, ordering: .relaxed)
        isJSON.store(format == .json, ordering: .relaxed)
    }

    var level: Logger.Level { Self.levels[levelIndex.load(ordering: .relaxed)] }
    var format: LogFormat { isJSON.load(ordering: .relaxed) ? .json : .text }
}

/// Writes log lines as text or JSON, with one write each.
public struct LineLogHandler: LogHandler {
    /// Fields of every line of this logger.
    public var metadata: Logger.Metadata = [:]
    /// Adds fields that depend on the current task.
    public var metadataProvider: Logger.MetadataProvider?
    /// This logger's own level, else the shared one.
    public var logLevel: Logger.Level {
        get { ownLevel ?? settings.level }
        set { ownLevel = newValue }
    }

    private let label: String
    private let settings: LogSettings
    private let writer: LineWriter
    private let isForJournal: Bool
    private var ownLevel: Logger.Level?

    /// - Parameter isForJournal: whether systemd's journal reads the lines; see ``LogLine/forJournal``.
    public init(label: String, settings: LogSettings, writer: LineWriter, isForJournal: Bool = false) {
        self.label = label
        self.settings = settings
        self.writer = writer
        self.isForJournal = isForJournal
    }

    /// One field of ``metadata``.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one line with all fields, sorted by name; those of the event win.
    public func log(event: LogEvent) {
        var all = metadata
        if let provided = metadataProvider?.get() { all.merge(provided) { $1 } }
        if let own = event.metadata { all.merge(own) { $1 } }
        var fields = all.map { (name: $0.key, value: "\($0.value)") }
        fields.sort { $0.name < $1.name }
        var clock = LineClock()
        let line = LogLine(
            time: clock.text(), level: event.level.rawValue, message: "\(event.message)", fields: fields)
        writer.write((isForJournal ? line.forJournal : line).encoded(settings.format))
    }

    /// Writes a line field by field, for code that writes very many.
    ///
    /// - Parameters:
    ///   - line: the line is written with its memory.
    ///   - fields: adds the fields.
    public func write(
        time: String, level: Logger.Level, message: String, with line: inout LineEncoder,
        fields: (inout LineEncoder) -> Void
    ) {
        line.begin(
            settings.format, priority: isForJournal ? LogLine.priority(level) : nil, time: isForJournal ? nil : time,
            level: level.rawValue, message: message)
        fields(&line)
        line.finish()
        line.withUnsafeBytes { writer.write($0) }
    }

    /// Whether lines of this handler have more fields than those passed to ``write(time:level:message:with:fields:)``.
    public var hasOwnMetadata: Bool { !metadata.isEmpty || metadataProvider != nil }

    /// Lines lost since the previous call.
    public func takeLosses() -> LineWriter.Losses { writer.takeLosses() }
}
