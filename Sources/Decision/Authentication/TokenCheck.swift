public import EntraTokens

/// The checks of a token, in the order in which they run: that of the precedence of their reasons.
public enum TokenCheck: String, Sendable, CaseIterable {
    case size
    case structure
    case algorithm
    case header
    case keyID
    case key
    case signature
    case claims
    case issuer
    case tenant
    case keyIssuer
    case tokenKind
    case audience
    case expiry
    case notBefore
    case lifetime
    case clientApp
    case subjectKind
    case subject
    case denyList
    case requiredClaims
    case account
    case groups
    case username
    case proofOfPossession

    /// Whether it looks at something around the claims, of which claims alone know nothing.
    var isOfTokensOnly: Bool {
        switch self {
        case .size, .structure, .algorithm, .header, .keyID, .key, .signature: true
        case .claims, .issuer, .tenant, .keyIssuer, .tokenKind, .audience, .expiry, .notBefore, .lifetime, .clientApp,
            .subjectKind, .subject, .denyList, .requiredClaims, .account, .groups, .username, .proofOfPossession:
            false
        }
    }
}

/// Told of each check as it ends. `serve` stops at the first failure, `inspect` wants them all.
public protocol CheckRecorder {
    /// Whether the decision is to say because of what.
    static var explains: Bool { get }
    mutating func passed(_ check: TokenCheck)
    mutating func skipped(_ check: TokenCheck)
    /// Returns whether the checks that still make sense shall run.
    mutating func failed(_ check: TokenCheck, _ reason: RefusalReason) -> Bool
}

/// Stops at the first failure and remembers nothing.
struct FirstFailure: CheckRecorder {
    static var explains: Bool { false }

    mutating func passed(_ check: TokenCheck) {}
    mutating func skipped(_ check: TokenCheck) {}
    mutating func failed(_ check: TokenCheck, _ reason: RefusalReason) -> Bool { false }
}

/// How one check ended.
public enum CheckOutcome: Hashable, Sendable {
    case passed
    case skipped
    case failed(RefusalReason)
}

/// Keeps every outcome and goes on for as long as it makes sense.
public struct AllChecks: CheckRecorder, Sendable {
    public static var explains: Bool { true }

    public private(set) var outcomes: [(check: TokenCheck, outcome: CheckOutcome)] = []

    public init() {}

    public mutating func passed(_ check: TokenCheck) { outcomes.append((check, .passed)) }
    public mutating func skipped(_ check: TokenCheck) { outcomes.append((check, .skipped)) }
    public mutating func failed(_ check: TokenCheck, _ reason: RefusalReason) -> Bool {
        outcomes.append((check, .failed(reason)))
        return true
    }
}
