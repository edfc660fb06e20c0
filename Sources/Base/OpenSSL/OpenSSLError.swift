import COpenSSL

/// What OpenSSL had to say about a call that failed: its error queue, drained into a value.
///
/// It carries OpenSSL's own fixed reason texts and ours, never a byte of the input, so it may be logged.
public struct OpenSSLError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was being done, for example "read a PEM certificate".
    public let operation: String
    /// The reasons, the first cause first. Can be empty: not every failing call leaves one.
    public let reasons: [String]

    /// A failure that is found by this module rather than by OpenSSL.
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

    /// Empties the calling thread's error queue into a value.
    static func drained(_ operation: String) -> OpenSSLError {
        var reasons: [String] = []
        while true {
            let code = ERR_get_error()
            if code == 0 { break }
            // The text is one of OpenSSL's constants; ERR_error_string's data part, which may quote input, is not read.
            let reason = ERR_reason_error_string(code).map { String(cString: $0) } ?? "error \(String(code, radix: 16))"
            if reasons.last != reason { reasons.append(reason) }
        }
        return OpenSSLError(operation: operation, reasons: reasons)
    }
}

/// Runs a call that makes a C object, with the error queue empty before it and drained after a failure.
func make(
    _ operation: String, _ body: () -> OpaquePointer?
) throws(OpenSSLError) -> OpaquePointer {
    ERR_clear_error()
    guard let object = body() else { throw OpenSSLError.drained(operation) }
    return object
}

/// Runs a call that reports success as exactly 1, with the error queue empty before it and drained after a failure.
func check(_ operation: String, _ body: () -> CInt) throws(OpenSSLError) {
    ERR_clear_error()
    guard body() == 1 else { throw OpenSSLError.drained(operation) }
}
