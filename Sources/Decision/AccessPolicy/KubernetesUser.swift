public import EntraTokens

/// One entry of a Kubernetes user's `extra`.
public struct ExtraEntry: Hashable, Sendable {
    public var name: String
    public var values: [String]

    public init(name: String, values: [String]) {
        self.name = name
        self.values = values
    }
}

/// Whom the API server is told.
public struct KubernetesUser: Sendable {
    public var username: String
    public var uid: String
    /// Groups that the configuration names.
    public var namedGroups: [String]
    /// Object IDs that become groups of their own, behind the others. A principal may have hundreds, so that they stay
    /// numbers until they are written.
    public var objectIDGroups: [GUID]
    /// Stands before each object ID.
    public var objectIDPrefix: String
    public var extra: [ExtraEntry]

    public init(
        username: String, uid: String, groups: [String], objectIDGroups: [GUID] = [], objectIDPrefix: String = "",
        extra: [ExtraEntry]
    ) {
        self.username = username
        self.uid = uid
        namedGroups = groups
        self.objectIDGroups = objectIDGroups
        self.objectIDPrefix = objectIDPrefix
        self.extra = extra
    }

    /// Without repetition: admin groups, mapped groups, app-role groups, emergency groups, then object IDs.
    public var groups: [String] {
        get { namedGroups + objectIDGroups.map { objectIDPrefix + $0.description } }
        set {
            namedGroups = newValue
            objectIDGroups = []
        }
    }
}

extension KubernetesUser: Hashable {
    /// Groups are the same by their names, however they are kept.
    public static func == (left: KubernetesUser, right: KubernetesUser) -> Bool {
        left.username == right.username && left.uid == right.uid && left.extra == right.extra
            && left.groups == right.groups
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(username)
        hasher.combine(uid)
        hasher.combine(groups)
        hasher.combine(extra)
    }
}
