public import EntraTokens
public import Jansson

/// A principal in the words of people, for questions about policy.
public struct HypotheticalPrincipal: Hashable, Sendable {
    /// Nil: the tenant that names one of the groups or the object, else the first.
    public var tenantID: GUID?
    /// Nil: zeros stand for it.
    public var objectID: GUID?
    /// User principal name.
    public var user: String?
    public var kind: SubjectKind
    public var groups: [GUID]
    public var roles: [String]
    public var clientAppID: GUID?
    /// Whether the token would not list the groups, since there are too many; the directory then gives them.
    public var hasGroupOverage: Bool

    public init(
        tenantID: GUID? = nil,
        objectID: GUID? = nil,
        user: String? = nil,
        kind: SubjectKind = .user,
        groups: [GUID] = [],
        roles: [String] = [],
        clientAppID: GUID? = nil,
        hasGroupOverage: Bool = false
    ) {
        self.tenantID = tenantID
        self.objectID = objectID
        self.user = user
        self.kind = kind
        self.groups = groups
        self.roles = roles
        self.clientAppID = clientAppID
        self.hasGroupOverage = hasGroupOverage
    }
}

/// Whom a question is about.
public enum PolicyQuestion: Sendable {
    /// All claims of a token, taken as verified.
    case claims(JSONDocument, resolvedGroups: [GUID]?)
    case principal(HypotheticalPrincipal)
}

/// Claims to judge, and what the directory would say.
struct PreparedClaims: Sendable {
    let document: JSONDocument
    let resolvedGroups: [GUID]?
    /// False when the claims were made for a principal, so that their times mean nothing.
    let areTokenTimesReal: Bool
}
