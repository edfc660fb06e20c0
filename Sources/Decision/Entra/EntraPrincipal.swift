public import SafeText
public import Timestamps

/// The principal of an accepted token: the input of the access policy.
public struct EntraPrincipal: Sendable {
    /// The tenant's ID: the token's `tid`.
    public var tenantID: GUID
    /// `oid`: the user's or service principal's object ID in that tenant.
    public var objectID: GUID
    /// Whether it is a user, a guest, an application or another kind of subject.
    public var kind: SubjectKind
    /// The client application's ID as it stands in the token (`appid` or `azp`); nil when it is missing.
    public var clientAppID: String?
    /// `upn`; nil when it is missing, as in tokens of applications.
    public var userPrincipalName: String?
    /// Object IDs of the groups, without duplicates, in the token's order.
    public var groups: [GUID]
    /// Whether the token could not list all groups, so that ``groups`` is incomplete.
    public var hasGroupOverage: Bool
    /// App roles of `roles`, in the token's order.
    public var roles: [ExactText]
    /// The token's `uti`.
    public var tokenID: String?
    /// `iat`; nil when it is missing.
    public var issuedAt: Timestamp?

    /// A principal from its parts; tests and policy checks use it to ask about somebody without a token.
    public init(
        tenantID: GUID,
        objectID: GUID,
        kind: SubjectKind,
        clientAppID: String? = nil,
        userPrincipalName: String? = nil,
        groups: [GUID] = [],
        hasGroupOverage: Bool = false,
        roles: [String] = [],
        tokenID: String? = nil,
        issuedAt: Timestamp? = nil
    ) {
        self.tenantID = tenantID
        self.objectID = objectID
        self.kind = kind
        self.clientAppID = clientAppID
        self.userPrincipalName = userPrincipalName
        self.groups = groups
        self.hasGroupOverage = hasGroupOverage
        self.roles = roles.map { ExactText($0) }
        self.tokenID = tokenID
        self.issuedAt = issuedAt
    }
}
