/// Every reason to refuse a token or to deny an access review. The raw value is the stable code that logs, metrics,
/// `status.error` and the commands show.
///
/// Everything else about a reason is in its ``ReasonEntry``. `Sources/README.md` says how to add a reason: the compiler
/// asks for some of the places, not for all.
public enum RefusalReason: String, Sendable, CaseIterable {
    case tokenMissing = "token_missing"
    case tokenTooLarge = "token_too_large"
    case tokenMalformed = "token_malformed"
    case tokenEncrypted = "token_encrypted"
    case algorithmNotAllowed = "algorithm_not_allowed"
    case headerNotAllowed = "header_not_allowed"
    case keyIDMissing = "key_id_missing"
    case keyNotFound = "key_not_found"
    case keysUnavailable = "keys_unavailable"
    case signatureInvalid = "signature_invalid"
    case claimsMalformed = "claims_malformed"
    case issuerNotTrusted = "issuer_not_trusted"
    case tenantMismatch = "tenant_mismatch"
    case keyIssuerMismatch = "key_issuer_mismatch"
    case tokenKindNotAccepted = "token_kind_not_accepted"
    case audienceNotAccepted = "audience_not_accepted"
    case tokenExpired = "token_expired"
    case tokenNotYetValid = "token_not_yet_valid"
    case tokenLifetimeTooLong = "token_lifetime_too_long"
    case clientAppNotAllowed = "client_app_not_allowed"
    case subjectKindNotAllowed = "subject_kind_not_allowed"
    case subjectMissing = "subject_missing"
    case principalDenied = "principal_denied"
    case requiredClaimMissing = "required_claim_missing"
    case requiredClaimMismatch = "required_claim_mismatch"
    case accountDisabled = "account_disabled"
    case sessionsRevoked = "sessions_revoked"
    case groupOverage = "group_overage"
    case groupsMalformed = "groups_malformed"
    case groupResolutionFailed = "group_resolution_failed"
    case usernameReserved = "username_reserved"
    case proofOfPossessionRequired = "proof_of_possession_required"
    case proofOfPossessionNotAccepted = "proof_of_possession_not_accepted"
    case proofOfPossessionInvalid = "proof_of_possession_invalid"
    case proofOfPossessionReplayed = "proof_of_possession_replayed"
    case emergencyAccessEnded = "emergency_access_ended"
    case membershipEnded = "membership_ended"

    /// The stable code, in snake case.
    public var code: String { rawValue }
}

extension RefusalReason: Comparable {
    /// A number for the order of the reasons; each reason has its own, with room between them.
    ///
    /// If several reasons deny an access review, the one with the lowest number is the answer. The answer to a token
    /// review is the first check that fails, in the order of `TokenCheck` in `Authentication`: keep both orders the
    /// same.
    public var precedence: Int {
        switch self {
        // Structure, before anything is parsed.
        case .tokenMissing: 100
        case .tokenTooLarge: 110
        case .tokenMalformed: 120
        case .tokenEncrypted: 130
        // Header, key and signature, before any claim is trusted.
        case .algorithmNotAllowed: 200
        case .headerNotAllowed: 210
        case .keyIDMissing: 220
        case .keyNotFound: 230
        case .keysUnavailable: 240
        case .signatureInvalid: 250
        // Claims: issuer, audience and times.
        case .claimsMalformed: 300
        case .issuerNotTrusted: 310
        case .tenantMismatch: 320
        case .keyIssuerMismatch: 330
        case .tokenKindNotAccepted: 340
        case .audienceNotAccepted: 350
        case .tokenExpired: 360
        case .tokenNotYetValid: 370
        case .tokenLifetimeTooLong: 380
        // The subject, and whether it may sign in.
        case .clientAppNotAllowed: 400
        case .subjectKindNotAllowed: 410
        case .subjectMissing: 420
        case .principalDenied: 430
        case .requiredClaimMissing: 440
        case .requiredClaimMismatch: 450
        case .accountDisabled: 460
        case .sessionsRevoked: 470
        // The Kubernetes user that the subject becomes.
        case .groupOverage: 500
        case .groupsMalformed: 510
        case .groupResolutionFailed: 520
        case .usernameReserved: 530
        // The envelope around the token.
        case .proofOfPossessionRequired: 600
        case .proofOfPossessionNotAccepted: 610
        case .proofOfPossessionInvalid: 620
        case .proofOfPossessionReplayed: 630
        // Access reviews.
        case .emergencyAccessEnded: 700
        case .membershipEnded: 710
        }
    }

    /// The order of precedence.
    public static func < (left: RefusalReason, right: RefusalReason) -> Bool {
        left.precedence < right.precedence
    }
}

extension RefusalReason {
    /// Reasons that a token review can have, in the order of precedence.
    public static let ofTokenReviews = allCases.filter { $0.entry.reviews != .accessOnly }.sorted()

    /// Reasons that an access review can have, in the order of precedence.
    public static let ofAccessReviews = allCases.filter { $0.entry.reviews != .tokenOnly }.sorted()

    /// Whether the token belongs to another authenticator. The answer then has no `status.error`, and the API server
    /// may cache it.
    public var isForeign: Bool { entry.isForeign }

    /// What is wrong, for people. Contains no value of the token.
    public var sentence: String { entry.sentence }

    /// What to do about it, for the engineer on call.
    public var hint: String { entry.hint }
}
