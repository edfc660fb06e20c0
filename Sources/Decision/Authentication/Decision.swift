public import AccessPolicy
public import Entra
import EntraTokens
public import OpenSSL
public import Timestamps

/// What a token says about its subject, for logs and metrics. Contains only verified facts.
public struct DecisionSubject: Hashable, Sendable {
    /// The tenant whose keys and rules accepted or refused the token.
    public var tenantID: GUID?
    /// User, guest, application or another kind of subject.
    public var kind: SubjectKind?
    /// The token's `oid`.
    public var objectID: GUID?
    /// `appid` or `azp`, if it is a GUID.
    public var clientAppID: String?
    /// `kid` of the key that verified the signature.
    public var keyID: String?
    /// `uti`, which Entra's sign-in log shows too.
    public var tokenID: String?
    /// The token's `ver`.
    public var tokenVersion: TokenVersion?

    /// A subject about which nothing is known.
    public init() {}

    /// Whether Entra signed the token, so that the facts are about somebody. Anybody can make a token without any.
    public var isVerified: Bool { self != DecisionSubject() }
}

/// An accepted proof of possession. It must be remembered until it expires, so that it is accepted only once.
public struct ProofUse: Hashable, Sendable {
    /// Identifies the key that made the proof.
    public var key: SHA256Digest
    /// Identifies this proof: a digest of its key and its nonce.
    public var digest: SHA256Digest
    /// When the proof says that it was made.
    public var made: Timestamp
    /// From this time on the proof would be refused anyway.
    public var expires: Timestamp

    public init(key: SHA256Digest, digest: SHA256Digest, made: Timestamp, expires: Timestamp) {
        self.key = key
        self.digest = digest
        self.made = made
        self.expires = expires
    }
}

/// The answer to one token.
public struct Decision: Sendable {
    /// Accepted with the access of the principal, or refused for one reason.
    public enum Outcome: Hashable, Sendable {
        case accepted(AccessDecision)
        case refused(RefusalReason)
    }

    /// Whether the token is accepted.
    public var outcome: Outcome
    /// Why the token was refused, in more detail than the reason's own sentence; nil if that one is enough.
    public var sentence: String?
    /// The verified facts about the subject.
    public var subject = DecisionSubject()
    /// The key ID in an unverified token, if it has the form of Entra's IDs: useful to find problems after a key
    /// rotation.
    public var untrustedKeyID: String?
    /// The tenant whose keys may contain the missing key after a refresh; nil if a refresh would not help.
    public var keyRefreshTenant: GUID?
    /// The principal whose groups the directory must resolve; decide again with its answer. Without an answer, this
    /// outcome stands: `group_resolution_failed`, or the groups of emergency access alone.
    public var groupResolution: EntraPrincipal?
    /// A principal to watch from now on, or for longer than before.
    public var watch: WatchInterest?
    /// The directory has not answered about this principal yet; decide again with its first answer. Without an answer,
    /// this decision stands.
    public var awaitsFirstAnswer = false
    /// The version of the ``WatchFacts`` about its subject that the decision used; 0 if there were none.
    public var watchVersion: UInt64 = 0
    /// The entry of the deny list that refuses the principal.
    public var denial: DeniedEntry?
    /// The accepted proof of possession. The caller refuses a second use as `proof_of_possession_replayed`.
    public var proofUse: ProofUse?
    /// An accepted answer stays the same until this time, with the same keys and settings.
    public var validUntil = Timestamp(secondsSinceEpoch: .min)

    /// A decision about which nothing else is known yet.
    public init(outcome: Outcome) {
        self.outcome = outcome
    }

    /// The principal's access; nil if the token is refused.
    public var access: AccessDecision? {
        if case .accepted(let access) = outcome { access } else { nil }
    }

    /// Why the token is refused; nil if it is accepted.
    public var reason: RefusalReason? {
        if case .refused(let reason) = outcome { reason } else { nil }
    }
}
