/// The number of a TLS alert (RFC 8446 section 6).
public struct TLSAlert: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    public static let handshakeFailure = TLSAlert(rawValue: 40)
    public static let badCertificate = TLSAlert(rawValue: 42)
    public static let unsupportedCertificate = TLSAlert(rawValue: 43)
    public static let certificateExpired = TLSAlert(rawValue: 45)
    public static let certificateUnknown = TLSAlert(rawValue: 46)
    public static let unknownAuthority = TLSAlert(rawValue: 48)
    public static let decryptError = TLSAlert(rawValue: 51)
    public static let protocolVersion = TLSAlert(rawValue: 70)
    public static let certificateRequired = TLSAlert(rawValue: 116)
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
