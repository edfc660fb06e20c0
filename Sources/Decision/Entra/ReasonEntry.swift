/// All texts about one reason. Log, `status.error`, `inspect`, `policy`, the README's table and the reference take them
/// from here. No text contains a value of a token.
public struct ReasonEntry: Hashable, Sendable {
    /// The kinds of review that can be refused for a reason.
    public enum Reviews: Hashable, Sendable {
        case tokenOnly
        case tokenAndAccess
        case accessOnly
    }

    /// Which kinds of review can have this reason.
    public let reviews: Reviews
    /// Whether the token belongs to another authenticator. The answer then has no `status.error`, and the API server
    /// may cache it.
    public let isForeign: Bool
    /// What is wrong: a clause without a full stop.
    public let sentence: String
    /// What to do about it, in one line, for the engineer on call.
    public let hint: String
    /// What the reason means, in whole sentences.
    public let meaning: String
    /// Usual causes, the most frequent first.
    public let causes: [String]
    /// What to do, in the order in which to try it.
    public let fixes: [String]
    /// Where to look in the Entra admin center; nil if Entra has nothing to show about it.
    public let portal: String?

    init(
        reviews: Reviews = .tokenOnly,
        isForeign: Bool = false,
        sentence: String,
        hint: String,
        meaning: String,
        causes: [String],
        fixes: [String],
        portal: String? = nil
    ) {
        self.reviews = reviews
        self.isForeign = isForeign
        self.sentence = sentence
        self.hint = hint
        self.meaning = meaning
        self.causes = causes
        self.fixes = fixes
        self.portal = portal
    }
}

extension RefusalReason {
    /// The entry of this reason.
    public var entry: ReasonEntry {
        switch self {
        case .tokenMissing: .tokenMissing
        case .tokenTooLarge: .tokenTooLarge
        case .tokenMalformed: .tokenMalformed
        case .tokenEncrypted: .tokenEncrypted
        case .algorithmNotAllowed: .algorithmNotAllowed
        case .headerNotAllowed: .headerNotAllowed
        case .keyIDMissing: .keyIDMissing
        case .keyNotFound: .keyNotFound
        case .keysUnavailable: .keysUnavailable
        case .signatureInvalid: .signatureInvalid
        case .claimsMalformed: .claimsMalformed
        case .issuerNotTrusted: .issuerNotTrusted
        case .tenantMismatch: .tenantMismatch
        case .keyIssuerMismatch: .keyIssuerMismatch
        case .tokenKindNotAccepted: .tokenKindNotAccepted
        case .audienceNotAccepted: .audienceNotAccepted
        case .tokenExpired: .tokenExpired
        case .tokenNotYetValid: .tokenNotYetValid
        case .tokenLifetimeTooLong: .tokenLifetimeTooLong
        case .clientAppNotAllowed: .clientAppNotAllowed
        case .subjectKindNotAllowed: .subjectKindNotAllowed
        case .subjectMissing: .subjectMissing
        case .principalDenied: .principalDenied
        case .requiredClaimMissing: .requiredClaimMissing
        case .requiredClaimMismatch: .requiredClaimMismatch
        case .accountDisabled: .accountDisabled
        case .sessionsRevoked: .sessionsRevoked
        case .groupOverage: .groupOverage
        case .groupsMalformed: .groupsMalformed
        case .groupResolutionFailed: .groupResolutionFailed
        case .usernameReserved: .usernameReserved
        case .proofOfPossessionRequired: .proofOfPossessionRequired
        case .proofOfPossessionNotAccepted: .proofOfPossessionNotAccepted
        case .proofOfPossessionInvalid: .proofOfPossessionInvalid
        case .proofOfPossessionReplayed: .proofOfPossessionReplayed
        case .emergencyAccessEnded: .emergencyAccessEnded
        case .membershipEnded: .membershipEnded
        }
    }
}
