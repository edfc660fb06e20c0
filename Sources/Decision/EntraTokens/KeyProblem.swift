import JOSE

/// Why a key of a set cannot be used to verify signatures. The raw value is the stable code that `keys` shows.
public enum KeyProblem: String, Error, Sendable, CaseIterable {
    case malformed
    case keyIDMissing
    case keyTypeNotAllowed
    case notForSignatures
    case algorithmNotAllowed
    case keyTooSmall
    case keyTooLarge
    case exponentNotAllowed
    case otherCloud
    case otherIssuer
    case tooManyOfOneID

    /// Whether the key may sign tokens, but not those of this tenant.
    public var isOfAnother: Bool { self == .otherCloud || self == .otherIssuer }

    /// What is wrong, for people.
    public var sentence: String {
        switch self {
        case .malformed: "is not a well-formed key"
        case .keyIDMissing: "has no key ID"
        case .keyTypeNotAllowed: "is not an RSA key, and tokens are accepted with RS256 only"
        case .notForSignatures: "is not for signatures"
        case .algorithmNotAllowed: "is for another algorithm than RS256"
        case .keyTooSmall: "has less than 2048 bits"
        case .keyTooLarge: "has more than 4096 bits"
        case .exponentNotAllowed: "has an exponent that is not odd, not at least 65537, or too large"
        case .otherCloud: "belongs to another cloud"
        case .otherIssuer: "belongs to another issuer"
        case .tooManyOfOneID: "is one of too many different keys with the same ID"
        }
    }
}

extension KeyProblem {
    init(_ problem: RSAKeyProblem) {
        self =
            switch problem {
            case .malformed: .malformed
            case .keyTypeNotAllowed: .keyTypeNotAllowed
            case .notForSignatures: .notForSignatures
            case .algorithmNotAllowed: .algorithmNotAllowed
            case .keyTooSmall: .keyTooSmall
            case .keyTooLarge: .keyTooLarge
            case .exponentNotAllowed: .exponentNotAllowed
            }
    }
}
