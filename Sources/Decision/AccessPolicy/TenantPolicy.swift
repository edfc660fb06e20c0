public import EntraTokens
public import Timestamps

/// Members of an Entra group get these Kubernetes groups.
public struct GroupMapping: Hashable, Sendable {
    public var groupObjectID: GUID
    public var kubernetesGroups: [String]

    public init(groupObjectID: GUID, kubernetesGroups: [String]) {
        self.groupObjectID = groupObjectID
        self.kubernetesGroups = kubernetesGroups
    }
}

/// Holders of an app role get these Kubernetes groups.
public struct AppRoleMapping: Hashable, Sendable {
    public var appRole: String
    public var kubernetesGroups: [String]

    public init(appRole: String, kubernetesGroups: [String]) {
        self.appRole = appRole
        self.kubernetesGroups = kubernetesGroups
    }
}

/// One user or application gets these Kubernetes groups until a point in time.
public struct EmergencyEntry: Hashable, Sendable {
    public var objectID: GUID
    public var until: Timestamp
    public var kubernetesGroups: [String]
    public var reason: String

    public init(objectID: GUID, until: Timestamp, kubernetesGroups: [String], reason: String) {
        self.objectID = objectID
        self.until = until
        self.kubernetesGroups = kubernetesGroups
        self.reason = reason
    }
}

/// What membership and roles in one tenant give.
public struct TenantPolicy: Hashable, Sendable {
    public var adminGroupObjectIDs: [GUID]
    public var groupMappings: [GroupMapping]
    public var appRoleMappings: [AppRoleMapping]
    public var emergencyAccess: [EmergencyEntry]
    /// The entries that stand in the configuration itself; those of `deniedFile` come on top.
    public var denied: [DeniedEntry]

    /// The groups that give something, each once: admin groups first.
    public var configuredGroups: [GUID] {
        var groups: [GUID] = []
        for group in adminGroupObjectIDs + groupMappings.map(\.groupObjectID) where !groups.contains(group) {
            groups.append(group)
        }
        return groups
    }

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
    }
}
