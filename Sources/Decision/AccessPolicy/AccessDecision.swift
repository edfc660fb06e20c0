/// One rule of the configuration that gave groups, and what it matched.
public struct Grant: Hashable, Sendable {
    public enum Rule: String, Sendable, CaseIterable {
        case adminGroup
        case groupMapping
        case appRoleMapping
        case emergencyAccess
        case groupObjectID
    }

    public var rule: Rule
    /// The group object ID, app role or object ID that matched.
    public var matched: String
    public var gives: [String]

    public init(rule: Rule, matched: String, gives: [String]) {
        self.rule = rule
        self.matched = matched
        self.gives = gives
    }
}

/// A principal's access: the Kubernetes user, whether it is an admin, and because of what.
public struct AccessDecision: Hashable, Sendable {
    public var user: KubernetesUser
    /// Whether an admin group matched, or another rule gave one of the admin groups' Kubernetes groups.
    public var isAdmin: Bool
    /// Reason of the emergency entry that was used.
    public var emergencyReason: String?
    /// Empty unless it was asked for.
    public var because: [Grant]
}
