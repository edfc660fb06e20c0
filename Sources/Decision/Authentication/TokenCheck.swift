public import Entra
import EntraTokens

/// The checks of a token in the order in which they run. The first one that fails decides the answer, so the order must
/// be that of ``RefusalReason/precedence``.
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

    /// Whether the check needs the token itself, and cannot run on claims alone.
    var isOfTokensOnly: Bool {
        switch self {
        case .size, .structure, .algorithm, .header, .keyID, .key, .signature: true
        case .claims, .issuer, .tenant, .keyIssuer, .tokenKind, .audience, .expiry, .notBefore, .lifetime, .clientApp,
            .subjectKind, .subject, .denyList, .requiredClaims, .account, .groups, .username, .proofOfPossession:
            false
        }
    }
}

/// Receives the outcome of each check. `serve` stops at the first failure; `inspect` wants them all.
public protocol CheckRecorder {
    /// Whether to record which rules granted access.
    static var explains: Bool { get }
    /// Called when a check has passed.
    mutating func passed(_ check: TokenCheck)
    /// Called when a check had nothing to check, or nothing to check it with.
    mutating func skipped(_ check: TokenCheck)
    /// Called when a check has failed. Returns whether to run the remaining checks that make sense.
    mutating func failed(_ check: TokenCheck, _ reason: RefusalReason) -> Bool
}

/// Stops at the first failure and records nothing.
struct FirstFailure: CheckRecorder {
    static var explains: Bool { false }

    mutating func passed(_ check: TokenCheck) {}
    mutating func skipped(_ check: TokenCheck) {}
    mutating func failed(_ check: TokenCheck, _ reason: RefusalReason) -> Bool { false }
}

/// The outcome of one check.
public enum CheckOutcome: Hashable, Sendable {
    case passed
    case skipped
    case failed(RefusalReason)
}

/// Records every outcome and continues as long as it makes sense.
public struct AllChecks: CheckRecorder, Sendable {
    /// Always: explanations show which rules granted access.
    public static var explains: Bool { true }

    /// Every outcome, in the order of the checks.
    public private(set) var outcomes: [(check: TokenCheck, outcome: CheckOutcome)] = []

    /// A recorder without outcomes.
    public init() {}

    /// Records that a check has passed.
    public mutating func passed(_ check: TokenCheck) { outcomes.append((check, .passed)) }
    /// Records that a check was skipped.
    public mutating func skipped(_ check: TokenCheck) { outcomes.append((check, .skipped)) }
    /// Records a failure, and continues.
    public mutating func failed(_ check: TokenCheck, _ reason: RefusalReason) -> Bool {
        outcomes.append((check, .failed(reason)))
        return true
    }
}
