/// What a user of the tenant itself is called in Kubernetes.
///
/// Guests, applications and users without a user principal name are always named by object ID.
public enum UsernameRule: String, Sendable, CaseIterable {
    case upn
    /// The user principal name with A–Z as a–z, since Entra does not tell their case apart and RBAC does.
    case upnLowercase
    case oid

    /// Whether users of the tenant are named by their user principal name, in whichever case.
    public var isByUserPrincipalName: Bool {
        switch self {
        case .upn, .upnLowercase: true
        case .oid: false
        }
    }
}

/// Whether a token's group object IDs become Kubernetes groups of their own, as AKS does it.
public enum GroupObjectIDRule: String, Sendable, CaseIterable {
    case include
    case drop
}

/// What holds for every tenant of a cluster.
public struct KubernetesPolicy: Hashable, Sendable {
    /// What membership in an admin group gives.
    public var adminGroups: [String]
    public var username: UsernameRule
    public var usernamePrefix: String
    public var groupObjectIDs: GroupObjectIDRule
    /// Stands before group object IDs only, never before configured names.
    public var groupPrefix: String

    public init(
        adminGroups: [String] = ["kube-entra:cluster-admins"],
        username: UsernameRule = .upn,
        usernamePrefix: String = "",
        groupObjectIDs: GroupObjectIDRule = .include,
        groupPrefix: String = ""
    ) {
        self.adminGroups = adminGroups
        self.username = username
        self.usernamePrefix = usernamePrefix
        self.groupObjectIDs = groupObjectIDs
        self.groupPrefix = groupPrefix
    }
}
