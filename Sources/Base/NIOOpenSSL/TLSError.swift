public import OpenSSL

/// Errors that a ``TLSHandler`` fires. Each ends the connection.
public enum TLSError: Error, Sendable, Hashable {
    case handshakeFailed(TLSFailureCause)
    case handshakeTimedOut
    /// After the handshake: a damaged record, or an alert from the peer. Only now does a TLS 1.3 client learn that the
    /// server rejects its certificate.
    case connectionFailed(TLSFailureCause)
    /// The transport ended without close_notify, so data may be missing (RFC 8446 section 6.1).
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
