import NIOOpenSSL
import OpenSSL

/// Why a connection or request was rejected without a decision: the `cause` of `kube_entra_requests_rejected_total`.
public enum RejectionCause: String, Sendable, CaseIterable {
    case handshakeLimit = "handshake_limit"
    case connectionLimit = "connection_limit"
    case peerConnectionLimit = "peer_connection_limit"
    case streamLimit = "stream_limit"
    case handshakeFailed = "tls_handshake_failed"
    case handshakeTimeout = "tls_handshake_timeout"
    case noClientCertificate = "tls_no_client_certificate"
    case untrustedCertificate = "tls_untrusted_certificate"
    case certificateExpired = "tls_certificate_expired"
    case certificateNotYetValid = "tls_certificate_not_yet_valid"
    case wrongCertificatePurpose = "tls_wrong_certificate_purpose"
    case certificateRefused = "tls_certificate_refused"
    case noCommonProtocol = "tls_no_common_application_protocol"
    case tlsVersion = "tls_protocol_version"
    case noSharedCipher = "tls_no_shared_cipher"
    case notTLS = "tls_not_tls"
    case clientName = "client_name"
    case malformedRequest = "malformed_request"
    case headersTooLarge = "headers_too_large"
    case notFound = "not_found"
    case methodNotAllowed = "method_not_allowed"
    case contentType = "content_type"
    case expectation = "expectation_failed"
    case lengthRequired = "length_required"
    case bodyTooLarge = "body_too_large"
    case notATokenReview = "not_a_token_review"
    case notAnAccessReview = "not_an_access_review"
    case bytesInFlight = "bytes_in_flight"
    case requestTimeout = "request_timeout"
    case answerTimeout = "answer_timeout"
    case idleTimeout = "idle_timeout"
    case replayMemoryFull = "replay_memory_full"
    case http2Violation = "http2_violation"
}

extension RejectionCause {
    /// Nil if a connection ended after its handshake.
    init?(_ error: TLSError) {
        switch error {
        case .handshakeTimedOut: self = .handshakeTimeout
        case .connectionFailed, .truncated: return nil
        case .handshakeFailed(let cause):
            switch cause {
            case .noClientCertificate: self = .noClientCertificate
            case .untrustedCertificate: self = .untrustedCertificate
            case .certificateExpired: self = .certificateExpired
            case .certificateNotYetValid: self = .certificateNotYetValid
            case .wrongCertificatePurpose: self = .wrongCertificatePurpose
            case .certificateRefused, .hostNameMismatch: self = .certificateRefused
            case .noCommonApplicationProtocol: self = .noCommonProtocol
            case .protocolVersion: self = .tlsVersion
            case .noSharedCipher: self = .noSharedCipher
            case .notTLS: self = .notTLS
            case .alertReceived, .connectionClosed, .other: self = .handshakeFailed
            }
        }
    }
}

/// A request that is answered with an HTTP error instead of a decision.
enum HTTPRejection: Equatable, CaseIterable {
    case malformed
    case headersTooLarge
    case clientName
    case notFound
    case methodNotAllowed
    case contentType
    case expectation
    case lengthRequired
    case bodyTooLarge
    case connectionLimit
    case bytesInFlight
    case requestTimeout
    case replayMemoryFull

    var status: Int {
        switch self {
        case .malformed: 400
        case .clientName: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .requestTimeout: 408
        case .lengthRequired: 411
        case .bodyTooLarge: 413
        case .contentType: 415
        case .expectation: 417
        case .headersTooLarge: 431
        case .connectionLimit, .bytesInFlight, .replayMemoryFull: 503
        }
    }

    var cause: RejectionCause {
        switch self {
        case .malformed: .malformedRequest
        case .headersTooLarge: .headersTooLarge
        case .clientName: .clientName
        case .notFound: .notFound
        case .methodNotAllowed: .methodNotAllowed
        case .contentType: .contentType
        case .expectation: .expectation
        case .lengthRequired: .lengthRequired
        case .bodyTooLarge: .bodyTooLarge
        case .connectionLimit: .connectionLimit
        case .bytesInFlight: .bytesInFlight
        case .requestTimeout: .requestTimeout
        case .replayMemoryFull: .replayMemoryFull
        }
    }

    /// For people. A client is told the name in its own certificate, but not which names are allowed.
    func sentence(to caller: ClientIdentity) -> String {
        guard self == .clientName, let name = caller.name else { return sentence }
        return "the client certificate's name \"\(name)\" is not in the webhook's server.allowedClientNames"
    }

    /// For people; contains nothing of the request.
    var sentence: String {
        switch self {
        case .malformed: "the request is not valid HTTP"
        case .clientName: "the client certificate's name is not in the webhook's server.allowedClientNames"
        case .notFound: "there is nothing here; token reviews are posted to /authenticate, access reviews to /authorize"
        case .methodNotAllowed: "reviews are sent with POST"
        case .requestTimeout: "the request took too long to arrive"
        case .lengthRequired: "the request has no body length"
        case .bodyTooLarge: "the request body is too large"
        case .contentType: "reviews are sent as application/json"
        case .expectation: "the request expects something other than 100-continue"
        case .headersTooLarge: "the request's headers are too large"
        case .connectionLimit: "too many connections are open; try again"
        case .bytesInFlight: "too many requests are being received; try again"
        case .replayMemoryFull: "too many proofs of possession are being remembered; try again"
        }
    }

    /// Headers besides length and type.
    var headers: [(name: String, value: String)] {
        switch self {
        case .methodNotAllowed: [("allow", "POST")]
        case .connectionLimit, .bytesInFlight, .replayMemoryFull: [("retry-after", "1")]
        default: []
        }
    }
}
