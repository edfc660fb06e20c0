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
    /// Groups that the configuration names.
    public var namedGroups: [String]
    /// Object IDs that become groups of their own, after the named groups. There may be hundreds, so they are formatted
    /// only when the answer is written.
    public var objectIDGroups: [GUID]
    /// Prefix of each object ID.
    public var objectIDPrefix: String
    /// The facts about the principal from which ``uid`` and ``extra`` are formatted; nil if these two were given as
    /// text.
    public private(set) var facts: PrincipalFacts?
    private var ownUID = ""
    private var ownExtra: [ExtraEntry] = []

    /// A user whose ID and `extra` are given as text.
    public init(
        username: String, uid: String, groups: [String], objectIDGroups: [GUID] = [], objectIDPrefix: String = "",
        extra: [ExtraEntry]
    ) {
        self.username = username
        namedGroups = groups
        self.objectIDGroups = objectIDGroups
        self.objectIDPrefix = objectIDPrefix
        ownUID = uid
        ownExtra = extra
    }

    /// The user for a principal, whose ID and `extra` are formatted from the facts.
    init(username: String, groups: [String], objectIDGroups: [GUID], objectIDPrefix: String, facts: PrincipalFacts) {
        self.username = username
        namedGroups = groups
        self.objectIDGroups = objectIDGroups
        self.objectIDPrefix = objectIDPrefix
        self.facts = facts
    }

    /// The principal's object ID. Unlike a user name, it is never used again for another principal.
    public var uid: String {
        get { facts?.objectID.description ?? ownUID }
        set {
            ownExtra = extra
            ownUID = newValue
            facts = nil
        }
    }

    /// Facts about the token for audit logs and access reviews.
    public var extra: [ExtraEntry] {
        get { facts?.extra ?? ownExtra }
        set {
            ownUID = uid
            ownExtra = newValue
            facts = nil
        }
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
