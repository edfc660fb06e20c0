public import OpenSSL

/// What a `TLSHandler` fires as an error. Each ends the connection.
public enum TLSError: Error, Sendable, Hashable {
    case handshakeFailed(TLSFailureCause)
    case handshakeTimedOut
    /// After the handshake: a damaged record, or an alert from the peer. A TLS 1.3 client learns only now that the
    /// server refuses its certificate.
    case connectionFailed(TLSFailureCause)
    /// The transport ended without close_notify: what was received may not be all that was sent (RFC 8446
    /// section 6.1).
    case truncated
}

extension TLSError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .handshakeFailed(let cause): "TLS handshake failed: \(cause)"
        case .handshakeTimedOut: "the TLS handshake took too long"
        case .connectionFailed(let cause): "TLS connection failed: \(cause)"
        case .truncated: "the connection ended without TLS close_notify"
        }
    }
}
