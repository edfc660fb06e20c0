/// One rule of the configuration that granted Kubernetes groups, and what it matched.
public struct Grant: Hashable, Sendable {
    /// The kind of rule. The raw value is the `rule` of the JSON output of `policy check`.
    public enum Rule: String, Sendable, CaseIterable {
        case adminGroup
        case groupMapping
        case appRoleMapping
        case emergencyAccess
        case groupObjectID
    }

    /// The kind of rule that matched.
    public var rule: Rule
    /// The group object ID, app role or object ID that matched.
    public var matched: String
    /// The Kubernetes groups that the rule grants, also those that another rule had granted already.
    public var gives: [String]

    public init(rule: Rule, matched: String, gives: [String]) {
        self.rule = rule
        self.matched = matched
        self.gives = gives
    }
}

/// A principal's access: its Kubernetes user, whether it is an admin, and which rules granted that.
public struct AccessDecision: Hashable, Sendable {
    /// The user of the TokenReview's answer.
    public var user: KubernetesUser
    /// Whether an admin group matched, or another rule granted a Kubernetes group of the admins or `system:masters`.
    public var isAdmin: Bool
    /// The reason of the first emergency entry in force; nil if there is none.
    public var emergencyReason: String? { user.facts?.emergencyReasons.first }
    /// The rules that granted groups; empty unless the caller asked for them.
    public var because: [Grant]
}
