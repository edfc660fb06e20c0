import COpenSSL

/// Why a TLS handshake or connection failed. Built from OpenSSL's codes, never from the peer's bytes.
public enum TLSFailureCause: Error, Sendable, Hashable {
    /// The client presented no certificate, but the server requires one.
    case noClientCertificate
    /// No trusted authority issued the peer's certificate, directly or through intermediates.
    case untrustedCertificate
    case certificateExpired
    case certificateNotYetValid
    /// For example a server's certificate where a client's is needed.
    case wrongCertificatePurpose
    case hostNameMismatch
    /// The peer's certificate was rejected for another reason, in OpenSSL's words.
    case certificateRefused(String)
    /// The client offers application protocols, but none of the server's.
    case noCommonApplicationProtocol
    case protocolVersion
    case noSharedCipher
    /// The bytes are not TLS, for example plain HTTP.
    case notTLS
    /// The peer rejected the connection with this alert (RFC 8446 section 6).
    case alertReceived(TLSAlert)
    /// The transport ended during the handshake.
    case connectionClosed
    /// Anything else, in OpenSSL's words.
    case other(String)

    /// A stable word for metrics and logs.
    public var code: String {
        switch self {
        case .noClientCertificate: "no_client_certificate"
        case .untrustedCertificate: "untrusted_certificate"
        case .certificateExpired: "certificate_expired"
        case .certificateNotYetValid: "certificate_not_yet_valid"
        case .wrongCertificatePurpose: "wrong_certificate_purpose"
        case .hostNameMismatch: "host_name_mismatch"
        case .certificateRefused: "certificate_refused"
        case .noCommonApplicationProtocol: "no_common_application_protocol"
        case .protocolVersion: "protocol_version"
        case .noSharedCipher: "no_shared_cipher"
        case .notTLS: "not_tls"
        case .alertReceived: "alert_received"
        case .connectionClosed: "connection_closed"
        case .other: "other"
        }
    }
}

extension TLSFailureCause: CustomStringConvertible {
    public var description: String {
        switch self {
        case .noClientCertificate: "the client presented no certificate"
        case .untrustedCertificate: "the peer's certificate was not issued by a trusted authority"
        case .certificateExpired: "the peer's certificate has expired"
        case .certificateNotYetValid: "the peer's certificate is not yet valid"
        case .wrongCertificatePurpose: "the peer's certificate is not meant for this purpose"
        case .hostNameMismatch: "the server's certificate is for another name"
        case .certificateRefused(let reason): "the peer's certificate was refused: \(reason)"
        case .noCommonApplicationProtocol: "the client speaks none of the offered application protocols"
        case .protocolVersion: "no TLS version in common"
        case .noSharedCipher: "no cipher, group or signature algorithm in common"
        case .notTLS: "what arrived is not TLS"
        case .alertReceived(let alert): "the peer refused with the alert \(alert)"
        case .connectionClosed: "the connection was closed during the handshake"
        case .other(let reason): reason
        }
    }
}

extension TLSFailureCause {
    /// Reads and clears the thread's error queue.
    static func drained(connection: OpaquePointer) -> TLSFailureCause {
        // The last entry is from the TLS layer; the earlier ones explain failures of the libraries below.
        let code = ERR_peek_last_error()
        let text = ERR_reason_error_string(code).map { String(cString: $0) } ?? "unknown error"
        ERR_clear_error()
        guard ERR_GET_LIB(code) == ERR_LIB_SSL else { return .other(text) }
        let reason = ERR_GET_REASON(code)
        switch reason {
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE: return .noClientCertificate
        case SSL_R_CERTIFICATE_VERIFY_FAILED: return verification(SSL_get_verify_result(connection))
        case SSL_R_NO_APPLICATION_PROTOCOL: return .noCommonApplicationProtocol
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_NO_PROTOCOLS_AVAILABLE, SSL_R_VERSION_TOO_LOW,
            SSL_R_WRONG_SSL_VERSION, SSL_R_UNKNOWN_PROTOCOL:
            return .protocolVersion
        case SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SUITABLE_KEY_SHARE, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM,
            SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_NO_SUITABLE_GROUPS, SSL_R_NO_CIPHERS_AVAILABLE:
            return .noSharedCipher
        case SSL_R_WRONG_VERSION_NUMBER, SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST: return .notTLS
        case SSL_R_UNEXPECTED_EOF_WHILE_READING: return .connectionClosed
        case SSL_AD_REASON_OFFSET..<SSL_AD_REASON_OFFSET + 256:
            return .alertReceived(TLSAlert(rawValue: UInt8(reason - SSL_AD_REASON_OFFSET)))
        default: return .other(text)
        }
    }

    private static func verification(_ result: Int) -> TLSFailureCause {
        switch CInt(truncatingIfNeeded: result) {
        case X509_V_ERR_CERT_HAS_EXPIRED: .certificateExpired
        case X509_V_ERR_CERT_NOT_YET_VALID: .certificateNotYetValid
        case X509_V_ERR_INVALID_PURPOSE: .wrongCertificatePurpose
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH: .hostNameMismatch
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
            X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, X509_V_ERR_CERT_SIGNATURE_FAILURE, X509_V_ERR_CERT_UNTRUSTED,
            X509_V_ERR_INVALID_CA, X509_V_ERR_INVALID_NON_CA, X509_V_ERR_PATH_LENGTH_EXCEEDED,
            X509_V_ERR_KEYUSAGE_NO_CERTSIGN, X509_V_ERR_CERT_CHAIN_TOO_LONG, X509_V_ERR_SUBJECT_ISSUER_MISMATCH,
            X509_V_ERR_AKID_SKID_MISMATCH, X509_V_ERR_AKID_ISSUER_SERIAL_MISMATCH:
            .untrustedCertificate
        default: .certificateRefused(String(cString: X509_verify_cert_error_string(result)))
        }
    }
}
