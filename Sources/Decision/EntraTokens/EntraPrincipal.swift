public import Timestamps

/// A principal whose token was accepted: what access is decided on.
public struct EntraPrincipal: Sendable {
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
    /// `iat` as it stands in the token.
    public var issuedAt: Timestamp?

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
        self.roles = roles
        self.tokenID = tokenID
        self.issuedAt = issuedAt
    }

    /// The principal that a token with these claims speaks for.
    public init(_ claims: EntraClaims, tenantID: GUID, objectID: GUID, kind: SubjectKind) {
        self.init(
            tenantID: tenantID,
            objectID: objectID,
            kind: kind,
            clientAppID: claims.clientAppID,
            userPrincipalName: claims.userPrincipalName,
            groups: claims.groups.objectIDs,
            hasGroupOverage: claims.groups.hasOverage,
            roles: claims.roles,
            tokenID: claims.tokenID,
            issuedAt: claims.issuedAt)
    }
}
