public import Timestamps

/// A principal whose token was taken: what access is decided on.
public struct EntraPrincipal: Sendable {
    /// Position of the tenant in the configuration.
    public var tenantIndex: Int
    public var tenantID: GUID
    public var objectID: GUID
    public var kind: SubjectKind
    public var clientAppID: String?
    public var userPrincipalName: String?
    /// Without repetition.
    public var groups: [GUID]
    public var hasGroupOverage: Bool
    public var roles: [String]
    /// `uti`
    public var tokenID: String?
    /// `iat`
    public var issuedAt: Timestamp?

    public init(
        tenantIndex: Int,
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
        self.tenantIndex = tenantIndex
        self.tenantID = tenantID
        self.objectID = objectID
        self.kind = kind
        self.clientAppID = clientAppID
        self.userPrincipalName = userPrincipalName
        self.groups = groups
        self.hasGroupOverage = hasGroupOverage
        self.roles = roles
        self.tokenID = tokenID
        self.issuedAt = issuedAt
    }
}
