public import SafeText

/// How users of the tenant itself are named in Kubernetes.
///
/// Guests, applications and users without a user principal name are always named by object ID.
public enum UsernameRule: String, Sendable, CaseIterable {
    case upn
    /// The user principal name with A–Z in lower case: Entra ignores case, but RBAC does not.
    case upnLowercase
    case oid

    /// Whether users of the tenant are named by their user principal name, in either case.
    public var isByUserPrincipalName: Bool {
        switch self {
        case .upn, .upnLowercase: true
        case .oid: false
        }
    }
}

/// Whether the object IDs of a token's groups become Kubernetes groups of their own, as in AKS.
public enum GroupObjectIDRule: String, Sendable, CaseIterable {
    case include
    case drop
}

/// The policy that all tenants of a cluster share.
public struct KubernetesPolicy: Hashable, Sendable {
    /// The Kubernetes groups of members of an admin group.
    public var adminGroups: [ExactText]
    /// How users of the tenant itself are named.
    public var username: UsernameRule
    /// Prefix of every user name.
    public var usernamePrefix: String
    /// Whether object IDs of Entra groups become Kubernetes groups.
    public var groupObjectIDs: GroupObjectIDRule
    /// Prefix of groups that are object IDs, not of configured names.
    public var groupPrefix: String

    /// A policy with the defaults of the configuration.
    public init(
        adminGroups: [String] = ["kube-entra:cluster-admins"],
        username: UsernameRule = .upn,
        usernamePrefix: String = "",
        groupObjectIDs: GroupObjectIDRule = .include,
        groupPrefix: String = ""
    ) {
        self.adminGroups = adminGroups.map { ExactText($0) }
        self.username = username
        self.usernamePrefix = usernamePrefix
        self.groupObjectIDs = groupObjectIDs
        self.groupPrefix = groupPrefix
    }
}
