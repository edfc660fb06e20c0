public import Logging
import NIOConcurrencyHelpers

/// Records the events of a logger, in order.
public final class LogRecorder: Sendable {
    /// One event.
    public struct Line: Sendable {
        /// The event's level.
        public let level: Logger.Level
        /// The message, without metadata.
        public let message: String
        /// The event's own metadata as text.
        public let metadata: [String: String]

        /// The message and the metadata, in the order of their names.
        public var text: String {
            ([message] + metadata.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }).joined(separator: " ")
        }
    }

    private let storage = NIOLockedValueBox<[Line]>([])

    /// A recorder without events.
    public init() {}

    /// All events so far.
    public var lines: [Line] { storage.withLockedValue { $0 } }

    /// A logger that writes here.
    public func logger(_ label: String = "test", level: Logger.Level = .info) -> Logger {
        Logger(label: label) { _ in Handler(recorder: self, logLevel: level) }
    }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel: Logger.Level

        init(recorder: LogRecorder, logLevel: Logger.Level) {
            self.recorder = recorder
            self.logLevel = logLevel
        }

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let line = Line(
                level: event.level, message: "\(event.message)",
                metadata: (event.metadata ?? [:]).mapValues { "\($0)" })
            recorder.storage.withLockedValue { $0.append(line) }
        }
    }
}
