public import Entra
import SafeText

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

    /// Compares bytes, as RBAC and audit logs do.
    public static func == (left: ExtraEntry, right: ExtraEntry) -> Bool {
        ExactText(left.name) == ExactText(right.name)
            && left.values.elementsEqual(right.values) { ExactText($0) == ExactText($1) }
    }
}

/// The user that the webhook reports to the API server (`status.user` of a TokenReview).
///
/// A copy is only one reference, because users are copied more often than they are read.
public struct KubernetesUser: Sendable {
    private struct Fields: Sendable {
        var username: String
        var namedGroups: [String]
        var objectIDGroups: [GUID]
        var objectIDPrefix: String
        var facts: PrincipalFacts?
        var ownUID = ""
        var ownExtra: [ExtraEntry] = []
    }

    private final class Storage: Sendable {
        let fields: Fields

        init(_ fields: Fields) { self.fields = fields }
    }

    private var storage: Storage

    /// A user whose ID and `extra` are given as text.
    public init(
        username: String, uid: String, groups: [String], objectIDGroups: [GUID] = [], objectIDPrefix: String = "",
        extra: [ExtraEntry]
    ) {
        storage = Storage(
            Fields(
                username: username, namedGroups: groups, objectIDGroups: objectIDGroups, objectIDPrefix: objectIDPrefix,
                ownUID: uid, ownExtra: extra))
    }

    /// The user for a principal, whose ID and `extra` are formatted from the facts.
    init(username: String, groups: [String], objectIDGroups: [GUID], objectIDPrefix: String, facts: PrincipalFacts) {
        storage = Storage(
            Fields(
                username: username, namedGroups: groups, objectIDGroups: objectIDGroups, objectIDPrefix: objectIDPrefix,
                facts: facts))
    }

    private mutating func change(_ body: (inout Fields) -> Void) {
        var fields = storage.fields
        body(&fields)
        storage = Storage(fields)
    }

    /// Name for audit logs and RBAC subjects.
    public var username: String {
        get { storage.fields.username }
        set { change { $0.username = newValue } }
    }

    /// Groups that the configuration names.
    public var namedGroups: [String] { storage.fields.namedGroups }

    /// Object IDs that become groups of their own, after the named groups. There may be hundreds, so they are formatted
    /// only when the answer is written.
    public var objectIDGroups: [GUID] { storage.fields.objectIDGroups }

    /// Prefix of each object ID.
    public var objectIDPrefix: String { storage.fields.objectIDPrefix }

    /// The facts about the principal from which ``uid`` and ``extra`` are formatted; nil if these two were given as
    /// text.
    public var facts: PrincipalFacts? { storage.fields.facts }

    /// The principal's object ID. Unlike a user name, it is never used again for another principal.
    public var uid: String {
        get { facts?.objectID.description ?? storage.fields.ownUID }
        set {
            let extra = extra
            change {
                $0.ownUID = newValue
                $0.ownExtra = extra
                $0.facts = nil
            }
        }
    }

    /// Facts about the token for audit logs and access reviews.
    public var extra: [ExtraEntry] {
        get { facts?.extra ?? storage.fields.ownExtra }
        set {
            let uid = uid
            change {
                $0.ownUID = uid
                $0.ownExtra = newValue
                $0.facts = nil
            }
        }
    }

    /// All groups without duplicates: admin groups, mapped groups, app-role groups, emergency groups, then object IDs.
    public var groups: [String] {
        get { namedGroups + objectIDGroups.map { objectIDPrefix + $0.description } }
        set {
            change {
                $0.namedGroups = newValue
                $0.objectIDGroups = []
            }
        }
    }
}

extension KubernetesUser: Hashable {
    /// Compares groups by name, however they are stored, and everything byte by byte, as RBAC does.
    public static func == (left: KubernetesUser, right: KubernetesUser) -> Bool {
        ExactText(left.username) == ExactText(right.username) && ExactText(left.uid) == ExactText(right.uid)
            && left.extra == right.extra
            && left.groups.elementsEqual(right.groups) { ExactText($0) == ExactText($1) }
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(username)
        hasher.combine(uid)
        hasher.combine(groups)
        hasher.combine(extra)
    }
}
