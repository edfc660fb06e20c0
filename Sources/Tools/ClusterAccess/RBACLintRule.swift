public import RBAC

/// A rule of `rbac lint`, with its stable ID. A binding's subject has at most one of the first six.
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

    public enum Severity: String, Sendable {
        /// Worth knowing; never changes the exit status.
        case notice
        /// Something that cannot work or is dangerous; `--strict` makes the exit status 1.
        case warning
    }

    /// What the rule looks for, in one sentence for the README.
    public var purpose: String {
        switch self {
        case .nameDiffersInCase: "a binding's name equals one that can be given but for upper and lower case"
        case .groupIsADisplayName: "a group is bound by its display name, which no token carries"
        case .groupNeverGiven: "a group is bound that this configuration gives nobody"
        case .guestByUPN: "a guest is bound by user principal name, though guests are named by object ID"
        case .objectIDOfAUser: "a user is bound by object ID, though people are named by UPN"
        case .upnCanBeGivenAgain: "a user is bound by UPN, which another person can have later"
        case .everybodyIsAdmin: "everybody who reaches the API server, or signs in, is admin"
        case .adminGroupUnbound: "a group of kubernetes.adminGroups is not bound to a role that may do everything"
        case .userNeverNamed: "a user is bound by a name that this configuration gives nobody"
        case .roleMissing: "a binding names a role that is not there"
        }
    }
}

/// One thing about a binding that cannot work or is unwise.
public struct RBACFinding: Sendable {
    public var rule: RBACLintRule
    public var severity: RBACLintRule.Severity
    public var binding: ObjectName?
    public var subject: Subject?
    public var message: String
    public var hint: String
    /// Where the binding stands; nil where there is none, or it was made by a program.
    public var place: Place?
}
