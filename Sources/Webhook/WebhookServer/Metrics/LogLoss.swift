/// Why a log has no line for a decision.
enum LogLoss: CaseIterable {
    /// The same refusal came too often to log each one.
    case repeated
    /// The log's reader is too slow.
    case logQueueFull
    /// The disk is too slow.
    case auditQueueFull
    /// The disk is full, or the file was removed.
    case auditWriteFailed

    var log: String {
        switch self {
        case .repeated, .logQueueFull: "decisions"
        case .auditQueueFull, .auditWriteFailed: "audit"
        }
    }

    var cause: String {
        switch self {
        case .repeated: "repeated"
        case .logQueueFull, .auditQueueFull: "queue_full"
        case .auditWriteFailed: "write_failed"
        }
    }
}
