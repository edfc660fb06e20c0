public import AccessPolicy
public import EntraTokens
public import OpenSSL
public import Timestamps

/// What a verified token says about its subject, for logs and metrics. Holds nothing that was not verified.
public struct DecisionSubject: Hashable, Sendable {
    public var tenantID: GUID?
    public var kind: SubjectKind?
    public var objectID: GUID?
    public var clientAppID: String?
    public var keyID: String?
    /// `uti`, by which Entra's sign-in log knows the token.
    public var tokenID: String?
    public var tokenVersion: TokenVersion?

    public init() {}
}

/// An accepted proof of possession, to be remembered until it can no longer be accepted anyway.
public struct ProofUse: Hashable, Sendable {
    /// Stands for the key that made the proof.
    public var key: SHA256Digest
    /// Stands for this one proof: its key and its nonce.
    public var digest: SHA256Digest
    public var expires: Timestamp

    public init(key: SHA256Digest, digest: SHA256Digest, expires: Timestamp) {
        self.key = key
        self.digest = digest
        self.expires = expires
    }
}

/// The answer to one token.
public struct Decision: Sendable {
    public enum Outcome: Hashable, Sendable {
        case accepted(AccessDecision)
        case refused(RefusalReason)
    }

    public var outcome: Outcome
    /// Says more exactly than the reason's own sentence why the token was refused; nil where that one says it all.
    public var sentence: String?
    public var subject = DecisionSubject()
    /// The key that an unverified token names, where it is an ID of Entra's form: what one looks for after a rotation.
    public var untrustedKeyID: String?
    /// Refused for want of a key that a refresh of this tenant's keys could bring.
    public var keyRefreshTenant: GUID?
    /// The directory must be asked first: decide again with its answer. Without one, the outcome is the answer:
    /// `group_resolution_failed`, or what emergency access alone gives.
    public var groupResolution: EntraPrincipal?
    /// To be watched from now on, or for longer than before.
    public var watch: WatchInterest?
    /// The directory has not answered about this principal yet: decide again with its first answer. Without one, this
    /// decision stands.
    public var awaitsFirstAnswer = false
    /// The ``WatchedPrincipal/version`` that the decision rests on.
    public var watchVersion: UInt64 = 0
    /// The entry of the deny list that refuses the principal.
    public var denial: DeniedEntry?
    /// Accepted in an envelope: the caller refuses a second use as `proof_of_possession_replayed`.
    public var proofUse: ProofUse?
    /// An accepted answer is the same until then, given the same keys and settings.
    public var validUntil = Timestamp(secondsSinceEpoch: .min)

    public init(outcome: Outcome) {
        self.outcome = outcome
    }

    public var access: AccessDecision? {
        if case .accepted(let access) = outcome { access } else { nil }
    }

    public var reason: RefusalReason? {
        if case .refused(let reason) = outcome { reason } else { nil }
    }
}
