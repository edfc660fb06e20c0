/// Every way in which a token is refused, in the order of precedence: where several checks fail, the first one counts.
///
/// The raw value is the stable code of logs, metrics, `status.error` and commands.
public enum RefusalReason: String, Sendable, CaseIterable, Comparable {
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
    case requiredClaimMissing = "required_claim_missing"
    case requiredClaimMismatch = "required_claim_mismatch"
    case groupOverage = "group_overage"
    case groupsMalformed = "groups_malformed"
    case groupResolutionFailed = "group_resolution_failed"
    case usernameReserved = "username_reserved"
    case proofOfPossessionRequired = "proof_of_possession_required"
    case proofOfPossessionNotAccepted = "proof_of_possession_not_accepted"
    case proofOfPossessionInvalid = "proof_of_possession_invalid"
    case proofOfPossessionReplayed = "proof_of_possession_replayed"

    /// The stable code.
    public var code: String { rawValue }

    /// Whether the token is none of ours to judge, so that the API server may cache the answer in silence.
    public var isForeign: Bool {
        switch self {
        case .tokenMissing, .tokenTooLarge, .tokenMalformed, .tokenEncrypted, .issuerNotTrusted: true
        default: false
        }
    }

    public static func < (left: RefusalReason, right: RefusalReason) -> Bool {
        left.precedence < right.precedence
    }

    /// Position in the contract's list, counted once.
    public var precedence: Int { RefusalReason.positions[self] ?? Int.max }

    private static let positions = Dictionary(uniqueKeysWithValues: allCases.enumerated().map { ($1, $0) })
}
