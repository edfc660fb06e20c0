public import Entra

extension EntraPrincipal {
    /// The principal that a token with these claims authenticates.
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
