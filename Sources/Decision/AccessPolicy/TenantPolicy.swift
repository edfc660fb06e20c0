public import Entra
public import SafeText
public import Timestamps

/// Members of an Entra group get these Kubernetes groups.
public struct GroupMapping: Hashable, Sendable {
    /// The Entra group's object ID.
    public var groupObjectID: GUID
    /// The Kubernetes groups of its members.
    public var kubernetesGroups: [ExactText]

    public init(groupObjectID: GUID, kubernetesGroups: [String]) {
        self.groupObjectID = groupObjectID
        self.kubernetesGroups = kubernetesGroups.map { ExactText($0) }
    }
}

/// Principals with an app role get these Kubernetes groups.
public struct AppRoleMapping: Hashable, Sendable {
    /// The app role's value, as in the token's `roles`.
    public var appRole: ExactText
    /// The Kubernetes groups of principals with that role.
    public var kubernetesGroups: [ExactText]

    public init(appRole: String, kubernetesGroups: [String]) {
        self.appRole = ExactText(appRole)
        self.kubernetesGroups = kubernetesGroups.map { ExactText($0) }
    }
}

/// One user or application gets these Kubernetes groups until a point in time.
public struct EmergencyEntry: Hashable, Sendable {
    /// The object ID of the user or service principal.
    public var objectID: GUID
    /// The entry ends at this time.
    public var until: Timestamp
    /// The Kubernetes groups until then.
    public var kubernetesGroups: [ExactText]
    /// Why the access was granted. It appears in `extra`, in the log and in metrics.
    public var reason: String

    public init(objectID: GUID, until: Timestamp, kubernetesGroups: [String], reason: String) {
        self.objectID = objectID
        self.until = until
        self.kubernetesGroups = kubernetesGroups.map { ExactText($0) }
        self.reason = reason
    }
}

/// What groups, app roles and emergency entries grant in one tenant.
public struct TenantPolicy: Hashable, Sendable {
    /// Entra groups whose members are admins of the cluster.
    public var adminGroupObjectIDs: [GUID] {
        didSet { index = GroupRuleIndex(self) }
    }
    /// Kubernetes groups by Entra group.
    public var groupMappings: [GroupMapping] {
        didSet { index = GroupRuleIndex(self) }
    }
    /// Kubernetes groups by app role.
    public var appRoleMappings: [AppRoleMapping]
    /// Access of single principals for a limited time.
    public var emergencyAccess: [EmergencyEntry]
    /// The entries of the configuration itself; the entries of `deniedFile` are kept apart.
    public var denied: [DeniedEntry]
    private(set) var index = GroupRuleIndex()

    /// The Entra groups that grant something, each once, admin groups first.
    public var configuredGroups: [GUID] {
        var seen: Set<GUID> = []
        return (adminGroupObjectIDs + groupMappings.map(\.groupObjectID)).filter { seen.insert($0).inserted }
    }

    /// A policy with these rules; without arguments it grants nothing.
    public init(
        adminGroupObjectIDs: [GUID] = [],
        groupMappings: [GroupMapping] = [],
        appRoleMappings: [AppRoleMapping] = [],
        emergencyAccess: [EmergencyEntry] = [],
        denied: [DeniedEntry] = []
    ) {
        self.adminGroupObjectIDs = adminGroupObjectIDs
        self.groupMappings = groupMappings
        self.appRoleMappings = appRoleMappings
        self.emergencyAccess = emergencyAccess
        self.denied = denied
        index = GroupRuleIndex(self)
    }
}
