/// The number of a TLS alert (RFC 8446 section 6).
public struct TLSAlert: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The alert's number (RFC 8446 section 6).
    public let rawValue: UInt8
    /// Any number; unknown ones are printed as numbers.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// No acceptable parameters in common.
    public static let handshakeFailure = TLSAlert(rawValue: 40)
    /// A damaged certificate, or a wrong signature.
    public static let badCertificate = TLSAlert(rawValue: 42)
    /// A certificate of the wrong type or for another purpose.
    public static let unsupportedCertificate = TLSAlert(rawValue: 43)
    /// A certificate that is not valid at this time.
    public static let certificateExpired = TLSAlert(rawValue: 45)
    /// A certificate that was rejected for another reason.
    public static let certificateUnknown = TLSAlert(rawValue: 46)
    /// No trusted authority issued the certificate.
    public static let unknownAuthority = TLSAlert(rawValue: 48)
    /// A signature or finished message of the handshake is wrong.
    public static let decryptError = TLSAlert(rawValue: 51)
    /// No TLS version in common.
    public static let protocolVersion = TLSAlert(rawValue: 70)
    /// The server requires a client certificate.
    public static let certificateRequired = TLSAlert(rawValue: 116)
    /// No application protocol in common (RFC 7301).
    public static let noApplicationProtocol = TLSAlert(rawValue: 120)

    public var description: String {
        switch self {
        case .handshakeFailure: "handshake_failure"
        case .badCertificate: "bad_certificate"
        case .unsupportedCertificate: "unsupported_certificate"
        case .certificateExpired: "certificate_expired"
        case .certificateUnknown: "certificate_unknown"
        case .unknownAuthority: "unknown_ca"
        case .decryptError: "decrypt_error"
        case .protocolVersion: "protocol_version"
        case .certificateRequired: "certificate_required"
        case .noApplicationProtocol: "no_application_protocol"
        default: "\(rawValue)"
        }
    }
}
