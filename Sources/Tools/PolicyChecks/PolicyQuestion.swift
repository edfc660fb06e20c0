public import Entra
public import Jansson

/// A principal described by a user, without a token.
public struct HypotheticalPrincipal: Hashable, Sendable {
    /// Nil for the tenant that names one of the groups or the object, else the first tenant.
    public var tenantID: GUID?
    /// The principal's object ID; nil for an ID of zeros, which nobody has.
    public var objectID: GUID?
    /// The user principal name; nil for principals without one.
    public var user: String?
    /// The kind of subject.
    public var kind: SubjectKind
    /// Object IDs of the groups.
    public var groups: [GUID]
    /// The values of `roles`.
    public var roles: [String]
    /// The client application; nil for one that the tenant accepts.
    public var clientAppID: GUID?
    /// Whether the token could not list all groups, so that the directory supplies them.
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

/// The principal that a question is about.
public enum PolicyQuestion: Sendable {
    /// All claims of a token, as if verified.
    case claims(JSONDocument, resolvedGroups: [GUID]?)
    case principal(HypotheticalPrincipal)
}

/// Claims to check, and the directory's answer.
struct PreparedClaims: Sendable {
    let document: JSONDocument
    let resolvedGroups: [GUID]?
    /// False if the claims were made for a principal, so that their times mean nothing.
    let areTokenTimesReal: Bool
}
