/// Why a log has no line for a decision.
enum LogLoss: CaseIterable {
    /// The same refusal came too often to log each one.
    case repeated
    /// The same refusal of unverified tokens came too often for the audit file.
    case auditRepeated
    /// The log's reader is too slow.
    case logQueueFull
    /// The disk is too slow.
    case auditQueueFull
    /// The disk is full, or the file was removed.
    case auditWriteFailed

    var log: String {
        switch self {
        case .repeated, .logQueueFull: "decisions"
        case .auditRepeated, .auditQueueFull, .auditWriteFailed: "audit"
        }
    }

    var cause: String {
        switch self {
        case .repeated, .auditRepeated: "repeated"
        case .logQueueFull, .auditQueueFull: "queue_full"
        case .auditWriteFailed: "write_failed"
        }
    }
}
