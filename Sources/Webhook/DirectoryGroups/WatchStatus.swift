public import Timestamps

/// How a request about a watched principal ended, for metrics.
public enum WatchOutcome: String, Sendable, CaseIterable {
    case success
    case failure
    case throttled
    case forbidden
}

/// The state of a tenant's watch.
public struct WatchStatus: Hashable, Sendable {
    /// Number of watched principals.
    public var principals = 0
    /// When the oldest valid answer was requested; nil if nobody is watched.
    public var oldestAnswer: Timestamp?
    /// Number of principals whose account or groups changed in the last hour.
    public var changedCount = 0
    /// What Microsoft Graph does not permit, for people; nil if nothing is known.
    public var forbidden: String?

    /// The status where nobody is watched.
    public init() {}
}

extension WatchReply {
    /// For metrics.
    var outcome: WatchOutcome {
        switch self {
        case .account, .members, .deleted: .success
        case .forbidden: .forbidden
        case .throttled: .throttled
        case .failed, .unclear, .unauthorized: .failure
        }
    }
}

extension WatchState.Topic {
    /// The permission that the application needs.
    var sentence: String {
        switch (isAccount, collection) {
        case (true, .users): "accounts of users are unknown: grant User.Read.All"
        case (true, .servicePrincipals): "accounts of applications are unknown: grant Application.Read.All"
        case (false, .users): "memberships of users are unknown: grant GroupMember.Read.All and User.Read.All"
        case (false, .servicePrincipals):
            "memberships of applications are unknown: grant GroupMember.Read.All and Application.Read.All"
        }
    }
}
