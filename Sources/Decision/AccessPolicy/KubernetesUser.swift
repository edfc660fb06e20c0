public import Entra

/// One entry of a Kubernetes user's `extra`.
public struct ExtraEntry: Hashable, Sendable {
    /// The key: lower case, with a domain prefix unless AKS uses the same name without one.
    public var name: String
    /// The values; Kubernetes allows several for each key.
    public var values: [String]

    public init(name: String, values: [String]) {
        self.name = name
        self.values = values
    }
}

/// The user that the webhook reports to the API server (`status.user` of a TokenReview).
public struct KubernetesUser: Sendable {
    /// Name for audit logs and RBAC subjects.
    public var username: String
    /// The principal's object ID. Unlike a user name, it is never used again for another principal.
    public var uid: String
    /// Groups that the configuration names.
    public var namedGroups: [String]
    /// Object IDs that become groups of their own, after the named groups. There may be hundreds, so they are formatted
    /// only when the answer is written.
    public var objectIDGroups: [GUID]
    /// Stands before each object ID.
    public var objectIDPrefix: String
    /// Facts about the token for audit logs and access reviews.
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

    /// All groups without duplicates: admin groups, mapped groups, app-role groups, emergency groups, then object IDs.
    public var groups: [String] {
        get { namedGroups + objectIDGroups.map { objectIDPrefix + $0.description } }
        set {
            namedGroups = newValue
            objectIDGroups = []
        }
    }
}

extension KubernetesUser: Hashable {
    /// Compares groups by name, however they are stored.
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
