import COpenSSL

/// Why an OpenSSL call failed: its error queue as a value.
///
/// It contains fixed texts of OpenSSL and of this module, never a byte of the input, so it is safe to log.
public struct OpenSSLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was attempted, for example "read a PEM certificate".
    public let operation: String
    /// The reasons, the root cause first. May be empty: not every failing call leaves one.
    public let reasons: [String]

    /// A failure that this module found, not OpenSSL.
    init(_ operation: String, reason: String) {
        self.operation = operation
        reasons = [reason]
    }

    private init(operation: String, reasons: [String]) {
        self.operation = operation
        self.reasons = reasons
    }

    public var description: String {
        reasons.isEmpty ? "cannot \(operation)" : "cannot \(operation): \(reasons.joined(separator: ", "))"
    }

    /// Moves the calling thread's error queue into a value.
    static func drained(_ operation: String) -> OpenSSLError {
        var reasons: [String] = []
        while true {
            let code = ERR_get_error()
            if code == 0 { break }
            // The text is a constant of OpenSSL. The data part of ERR_error_string may quote input, so it is not read.
            let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(String(code, radix: 16))"
            if reasons.last != reason { reasons.append(reason) }
        }
        return OpenSSLError(operation: operation, reasons: reasons)
    }
}

/// Runs a call that creates a C object. The error queue is cleared before, and drained after a failure.
func make(
    _ operation: String, _ body: () -> OpaquePointer?
) throws(OpenSSLError) -> OpaquePointer {
    ERR_clear_error()
    guard let object = body() else { throw OpenSSLError.drained(operation) }
    return object
}

/// Runs a call that reports success as exactly 1. The error queue is cleared before, and drained after a failure.
func check(_ operation: String, _ body: () -> CInt) throws(OpenSSLError) {
    ERR_clear_error()
    guard body() == 1 else { throw OpenSSLError.drained(operation) }
}

/// Empties the thread's error queue, which costs little if it is empty already.
func clearErrors() {
    if ERR_peek_error() != 0 { ERR_clear_error() }
}
