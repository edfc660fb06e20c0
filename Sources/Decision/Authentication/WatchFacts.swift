public import EntraTokens
public import Timestamps

/// Whose account and membership are asked about again while their tokens live, and what silence means.
public struct WatchRule: Hashable, Sendable {
    public enum Scope: Hashable, Sendable {
        /// Whom an admin group or an emergency entry gives an admin group's Kubernetes groups.
        case admins
        case everyone
    }

    public var scope: Scope
    /// Whether watched principals are refused once the directory has been silent for too long.
    public var refusesInSilence: Bool

    public init(scope: Scope, refusesInSilence: Bool) {
        self.scope = scope
        self.refusesInSilence = refusesInSilence
    }
}

/// What the directory last said about one principal.
public struct WatchedPrincipal: Hashable, Sendable {
    public struct Membership: Hashable, Sendable {
        /// The configured groups that were asked about.
        public var asked: [GUID]
        /// Those of them in which the principal is, directly or not.
        public var members: [GUID]

        public init(asked: [GUID], members: [GUID]) {
            self.asked = asked
            self.members = members
        }

        /// Whether the principal is in a group; nil for one that wasn't asked about.
        public func contains(_ group: GUID) -> Bool? {
            asked.contains(group) ? members.contains(group) : nil
        }

        /// A token's groups, without those that were lost and with those that were gained, in the order of asking.
        func applied(to groups: [GUID]) -> [GUID] {
            let lost = asked.filter { !members.contains($0) }
            let gained = asked.filter { members.contains($0) && !groups.contains($0) }
            return groups.filter { !lost.contains($0) } + gained
        }
    }

    public struct Account: Hashable, Sendable {
        /// False for one that is disabled or deleted.
        public var isEnabled: Bool
        /// Tokens issued before this time were taken back.
        public var sessionsValidFrom: Timestamp?

        public init(isEnabled: Bool, sessionsValidFrom: Timestamp? = nil) {
            self.isEnabled = isEnabled
            self.sessionsValidFrom = sessionsValidFrom
        }
    }

    /// Another number for everything that changes a decision. Never 0, and never used twice by one process.
    public var version: UInt64
    /// Remembered until then: the end of the latest token.
    public var until: Timestamp
    /// Whether a review is still to wait for the first answer.
    public var isFirstAnswerDue: Bool
    /// Whether there has been no answer for three times `watchEvery`.
    public var isSilent: Bool
    public var membership: Membership?
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
        // A token that doesn't say when it was issued counts as older than everything.
        return issuedAt.map { $0 >= validFrom } ?? false ? nil : .sessionsRevoked
    }
}

/// What the directories last said about all watched principals, as one value that a decision takes in.
public final class WatchFacts: Sendable {
    public struct Tenant: Sendable {
        public var principals: [GUID: WatchedPrincipal]
        /// No further principal is watched.
        public var isFull: Bool

        public init(principals: [GUID: WatchedPrincipal] = [:], isFull: Bool = false) {
            self.principals = principals
            self.isFull = isFull
        }
    }

    public static let none = WatchFacts([:])

    /// By tenant ID.
    public let tenants: [GUID: Tenant]

    public init(_ tenants: [GUID: Tenant]) {
        self.tenants = tenants
    }

    public func principal(_ objectID: GUID, tenantID: GUID) -> WatchedPrincipal? {
        tenants[tenantID]?.principals[objectID]
    }

    /// What a decision on that subject rests on; 0 where nothing is known about it.
    func version(_ subject: DecisionSubject) -> UInt64 {
        guard !tenants.isEmpty, let tenantID = subject.tenantID, let objectID = subject.objectID else { return 0 }
        return principal(objectID, tenantID: tenantID)?.version ?? 0
    }
}

/// A principal to be watched until its token ends.
public struct WatchInterest: Hashable, Sendable {
    public var tenantID: GUID
    public var objectID: GUID
    public var kind: SubjectKind
    public var until: Timestamp

    public init(tenantID: GUID, objectID: GUID, kind: SubjectKind, until: Timestamp) {
        self.tenantID = tenantID
        self.objectID = objectID
        self.kind = kind
        self.until = until
    }
}
