public import Entra
public import Timestamps

/// Whose account and membership are checked again while their tokens live, and what happens if the directory is silent.
public struct WatchRule: Hashable, Sendable {
    /// Who is watched.
    public enum Scope: Hashable, Sendable {
        /// Principals to whom an admin group or an emergency entry grants a Kubernetes group of the admins.
        case admins
        case everyone
    }

    /// Who is watched.
    public var scope: Scope
    /// Whether watched principals are refused when the directory has not answered for too long.
    public var refusesInSilence: Bool

    public init(scope: Scope, refusesInSilence: Bool) {
        self.scope = scope
        self.refusesInSilence = refusesInSilence
    }
}

/// The directory's last answer about one principal.
public struct WatchedPrincipal: Hashable, Sendable {
    /// In which of the configured groups the principal is.
    public struct Membership: Hashable, Sendable {
        /// The configured groups that the directory was asked about.
        public var asked: [GUID]
        /// Those of them that contain the principal, directly or through other groups.
        public var members: [GUID]

        public init(asked: [GUID], members: [GUID]) {
            self.asked = asked
            self.members = members
        }

        /// Whether the principal is in a group; nil if the directory was not asked about it.
        public func contains(_ group: GUID) -> Bool? {
            asked.contains(group) ? members.contains(group) : nil
        }

        /// A token's groups without the lost ones and with the gained ones, in the order of asking.
        func applied(to groups: [GUID]) -> [GUID] {
            let lost = asked.filter { !members.contains($0) }
            let gained = asked.filter { members.contains($0) && !groups.contains($0) }
            return groups.filter { !lost.contains($0) } + gained
        }
    }

    /// The state of the principal's account.
    public struct Account: Hashable, Sendable {
        /// False for a disabled or deleted account.
        public var isEnabled: Bool
        /// Tokens issued before this time are revoked.
        public var sessionsValidFrom: Timestamp?

        public init(isEnabled: Bool, sessionsValidFrom: Timestamp? = nil) {
            self.isEnabled = isEnabled
            self.sessionsValidFrom = sessionsValidFrom
        }

        /// The time from which a new sign-in is accepted after the sessions were revoked: Entra dates `iat` five
        /// minutes back.
        public var newSignInPasses: Timestamp? { sessionsValidFrom?.adding(seconds: 300) }
    }

    /// Changes with everything that can change a decision. Never 0 or the largest number, and never used twice in one
    /// process.
    public var version: UInt64
    /// The principal is watched until this time: the end of its latest token.
    public var until: Timestamp
    /// Whether reviews still wait for the first answer.
    public var isFirstAnswerDue: Bool
    /// Whether there has been no answer for three times `watchEvery`.
    public var isSilent: Bool
    /// The last answer about its groups; nil before the first.
    public var membership: Membership?
    /// The last answer about its account; nil before the first.
    public var account: Account?

    public init(
        version: UInt64, until: Timestamp, isFirstAnswerDue: Bool = true, isSilent: Bool = false,
        membership: Membership? = nil, account: Account? = nil
    ) {
        self.version = version
        self.until = until
        self.isFirstAnswerDue = isFirstAnswerDue
        self.isSilent = isSilent
        self.membership = membership
        self.account = account
    }

    /// Why the account may not be used by a token of that age; nil when it may, or when that isn't known.
    public func accountProblem(issuedAt: Timestamp?) -> RefusalReason? {
        guard let account else { return nil }
        if !account.isEnabled { return .accountDisabled }
        guard let validFrom = account.sessionsValidFrom else { return nil }
        // A token without `iat` counts as older than all others.
        return issuedAt.map { $0 >= validFrom } ?? false ? nil : .sessionsRevoked
    }
}

/// The directory's last answers about all watched principals, as one immutable input of a decision.
public final class WatchFacts: Sendable {
    /// The watched principals of one tenant.
    public struct Tenant: Sendable {
        /// The watched principals, by object ID.
        public var principals: WatchedPrincipals
        /// Whether the limit is reached, so that no other principal is watched.
        public var isFull: Bool

        /// A tenant's facts from their parts.
        public init(principals: WatchedPrincipals = [:], isFull: Bool = false) {
            self.principals = principals
            self.isFull = isFull
        }
    }

    /// The facts where no tenant is watched.
    public static let none = WatchFacts([:])

    /// What is known of each tenant, by its ID.
    public let tenants: [GUID: Tenant]

    /// The facts by tenant ID.
    public init(_ tenants: [GUID: Tenant]) {
        self.tenants = tenants
    }

    /// What is known of a principal; nil if it is not watched.
    public func principal(_ objectID: GUID, tenantID: GUID) -> WatchedPrincipal? {
        tenants[tenantID]?.principals[objectID]
    }

    /// The version where nothing is known because too many principals are watched. A remembered decision must not
    /// outlive that, because its principal would stay unwatched.
    static let versionWhereFull = UInt64.max

    /// Version of the facts that a decision on that subject uses; 0 if nothing is known.
    func version(_ subject: DecisionSubject) -> UInt64 {
        guard !tenants.isEmpty, let tenantID = subject.tenantID, let objectID = subject.objectID,
            let tenant = tenants[tenantID]
        else { return 0 }
        return tenant.principals[objectID]?.version ?? (tenant.isFull ? Self.versionWhereFull : 0)
    }
}

/// A principal to watch until its token expires.
public struct WatchInterest: Hashable, Sendable {
    /// The tenant whose directory knows the principal.
    public var tenantID: GUID
    /// The principal's object ID.
    public var objectID: GUID
    /// Its kind: the directory has other addresses for users than for service principals.
    public var kind: SubjectKind
    /// When its token expires.
    public var until: Timestamp

    public init(tenantID: GUID, objectID: GUID, kind: SubjectKind, until: Timestamp) {
        self.tenantID = tenantID
        self.objectID = objectID
        self.kind = kind
        self.until = until
    }
}
