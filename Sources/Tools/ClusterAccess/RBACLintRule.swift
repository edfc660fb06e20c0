public import RBAC

/// A rule of `rbac lint`; the raw value is its stable ID. A binding's subject has at most one finding of the first six
/// rules.
public enum RBACLintRule: String, Sendable, CaseIterable {
    case nameDiffersInCase = "name-differs-in-case"
    case groupIsADisplayName = "group-is-a-display-name"
    case groupNeverGiven = "group-never-given"
    case guestByUPN = "guest-by-upn"
    case objectIDOfAUser = "object-id-of-a-user"
    case upnCanBeGivenAgain = "upn-can-be-given-again"
    case everybodyIsAdmin = "everybody-is-admin"
    case adminGroupUnbound = "admin-group-unbound"
    case userNeverNamed = "user-never-named"
    case roleMissing = "role-missing"

    /// How serious a finding is.
    public enum Severity: String, Sendable {
        /// Useful to know; never changes the exit status.
        case notice
        /// Cannot work, or is dangerous; with `--strict`, the exit status is 1.
        case warning
    }

    /// What the rule finds, in one sentence for the README.
    public var purpose: String {
        switch self {
        case .nameDiffersInCase: "a binding's name equals one that can be given but for upper and lower case"
        case .groupIsADisplayName: "a group is bound by its display name, which no token carries"
        case .groupNeverGiven: "a group is bound that this configuration gives to nobody"
        case .guestByUPN: "a guest is bound by user principal name, though guests are named by object ID"
        case .objectIDOfAUser: "a user is bound by object ID, though people are named by UPN"
        case .upnCanBeGivenAgain: "a user is bound by UPN, which another person can have later"
        case .everybodyIsAdmin: "everybody who reaches the API server, or signs in, is admin"
        case .adminGroupUnbound: "a group of kubernetes.adminGroups is not bound to a role that may do everything"
        case .userNeverNamed: "a user is bound by a name that this configuration gives to nobody"
        case .roleMissing: "a binding names a role that is not there"
        }
    }
}

/// A binding that cannot work or is unwise.
public struct RBACFinding: Sendable {
    /// The rule that found it.
    public var rule: RBACLintRule
    /// How serious it is.
    public var severity: RBACLintRule.Severity
    /// The binding; nil if the finding is about the configuration.
    public var binding: ObjectName?
    /// The binding's subject; nil if the finding is not about one.
    public var subject: Subject?
    /// What is wrong, for people.
    public var message: String
    /// What to do about it.
    public var hint: String
    /// Where the binding is; nil if it has no place in a file.
    public var place: Place?
}
