public import Entra
public import Jansson
public import OpenSSL
public import Timestamps

/// The claims of an Entra token. Each claim is read by itself, so that one malformed claim does not hide the others.
///
/// This type does not know whether the signature was verified: the caller decides whether to trust the claims.
///
/// A class, so that a check that looks at one claim doesn't copy all of them.
public final class EntraClaims: Sendable {
    private let source: Source
    /// `iss`, compared byte by byte with the issuers of the configured tenants.
    public let issuer: String?
    /// `aud`: one string. Entra never issues a list, so a list counts as malformed.
    public let audience: String?
    /// `ver`; nil when it is missing or neither `1.0` nor `2.0`, which is also listed in ``malformed``.
    public let version: TokenVersion?
    /// `tid`, as a string: whether it is a GUID is checked later.
    public let tenantID: String?
    /// `oid`, as a string: whether it is a GUID is checked later.
    public let objectID: String?
    /// `appid` (version 1.0) or `azp` (version 2.0); an empty string counts as absent.
    public let clientAppID: String?
    /// `upn`, if it can be a user name; otherwise it is malformed. An empty string counts as absent.
    public let userPrincipalName: String?
    /// `exp`; required.
    public let expires: Timestamp?
    /// `nbf`; either this or `iat` is required.
    public let notBefore: Timestamp?
    /// `iat`; either this or `nbf` is required.
    public let issuedAt: Timestamp?
    /// `scp`: the delegated permissions, separated by spaces; only tokens of people have it.
    public let scopes: String?
    /// `roles`: the app roles; empty when the claim is missing or malformed.
    public let roles: [String]
    /// The groups, and whether they are all of the principal's groups.
    public let groups: GroupClaim
    /// `uti`: the token's own ID, which Entra's sign-in log shows too.
    public let tokenID: String?
    /// `idtyp`: `user`, `app` or `device`; an optional claim.
    public let identityType: String?
    /// `idp`: where a guest signed in, if not in this tenant.
    public let identityProvider: String?
    /// `acct`: 0 for a member of the tenant, 1 for a guest.
    public let account: Int64?
    /// `xms_idrel`, split at spaces.
    public let identityRelations: [Substring]
    /// `xms_sub_fct` and `xms_act_fct`, split at spaces; they tell agents apart.
    public let actorFacets: [Substring]
    /// Whether `xms_mirid` is present, the resource ID of a managed identity.
    public let hasManagedIdentityResource: Bool
    /// Whether the token is bound to a key (`cnf`, RFC 7800), in any form.
    public let isBound: Bool
    /// Names of claims that are required or understood and have the wrong form, in the order of reading.
    public let malformed: [String]

    /// What the claims were read from.
    private enum Source {
        case parsed(JSONValue)
        case scanned(SecureBytes, maximumBytes: Int)
    }

    /// Reads claims from a parsed JSON object.
    public convenience init(_ json: JSONValue) {
        self.init(reading: json, source: .parsed(json))
    }

    /// Scans the payload of a token without building a tree of it.
    ///
    /// - Throws: `JSONError` if the payload is not a JSON object, in exactly the cases in which ``JSONDocument``
    ///   refuses it.
    public static func scan(_ payload: SecureBytes, maximumBytes: Int) throws(JSONError) -> EntraClaims {
        try payload.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in
                let scanned = try ScannedJSON(scanning: bytes, maximumBytes: maximumBytes)
                guard scanned.kind == .object else { throw JSONError(.invalid) }
                return EntraClaims(reading: scanned, source: .scanned(payload, maximumBytes: maximumBytes))
            }
        }.get()
    }

    /// All claims as they stand in the token, for claims without a property of their own.
    ///
    /// Scanned claims are parsed again on each call.
    public var json: JSONValue {
        switch source {
        case .parsed(let json): return json
        case .scanned(let payload, let maximumBytes):
            // The scanner accepts only what the parser accepts. If they ever differ, there are no claims, and nobody is
            // authenticated by them.
            let document = payload.withUnsafeBytes { try? JSONDocument(parsing: $0, maximumBytes: maximumBytes) }
            return document?.root ?? Self.noClaims
        }
    }

    private static let noClaims = JSONDocument.emptyObject.root

    private init(reading json: some JSONReadable, source: Source) {
        var reader = ClaimReader(json)
        self.source = source
        issuer = reader.text(.issuer)
        audience = reader.text(.audience)
        version = reader.text(.version).flatMap(TokenVersion.init(rawValue:))
        tenantID = reader.text(.tenantID)
        objectID = reader.text(.objectID)
        // An empty string names no client.
        let appID = reader.text(.appID).flatMap { $0.isEmpty ? nil : $0 }
        let authorizedParty = reader.text(.authorizedParty).flatMap { $0.isEmpty ? nil : $0 }
        clientAppID = version == .v2 ? authorizedParty ?? appID : appID ?? authorizedParty
        userPrincipalName = reader.name(.userPrincipalName)
        expires = reader.time(.expires)
        notBefore = reader.time(.notBefore)
        issuedAt = reader.time(.issuedAt)
        scopes = reader.text(.scopes)
        roles = reader.texts(.roles)
        groups = GroupClaim(
            groups: reader[.groups], claimNames: reader[.claimNames], hasGroups: reader[.hasGroups])
        tokenID = reader.text(.tokenID)
        identityType = reader.text(.identityType)
        identityProvider = reader.text(.identityProvider)
        account = reader.number(.account)
        identityRelations = reader.text(.identityRelations)?.split(separator: " ") ?? []
        actorFacets =
            (reader.text(.subjectFacets)?.split(separator: " ") ?? [])
            + (reader.text(.actorFacets)?.split(separator: " ") ?? [])
        hasManagedIdentityResource = reader[.managedIdentityResource] != nil
        isBound = reader[.confirmation] != nil
        if version == nil { reader.refuse(.version) }
        if expires == nil { reader.refuse(.expires) }
        if notBefore == nil && issuedAt == nil { reader.refuse(.issuedAt) }
        if let expires, let notBefore, expires <= notBefore { reader.refuse(.expires) }
        if let names = reader[.claimNames], names.kind != .object { reader.refuse(.claimNames) }
        malformed = reader.malformed
    }

    /// When the token's lifetime began: `iat`, else `nbf`.
    public var lifetimeStart: Timestamp? { issuedAt ?? notBefore }

    /// Whether this is an access token: an ID token names no client application.
    public var isAccessToken: Bool { clientAppID != nil }
}
