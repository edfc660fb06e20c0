public import Entra
public import Jansson
public import OpenSSL
package import SafeText
public import Timestamps

/// The claims of an Entra token. Each claim is read by itself, so that one malformed claim does not hide the others.
///
/// This type does not know whether the signature was verified: the caller decides whether to trust the claims.
///
/// A class, so that a check that looks at one claim doesn't copy all of them.
public final class EntraClaims: Sendable {
    private let source: Source
    /// `iss`, compared byte by byte with the issuers of the configured tenants.
    public var issuer: String? { issuerText.map(string) }
    /// `aud`: one string. Entra never issues a list, so a list counts as malformed.
    public var audience: String? { audienceText.map(string) }
    /// `ver`; nil when it is missing or neither `1.0` nor `2.0`, which is also listed in ``malformed``.
    public let version: TokenVersion?
    /// `tid`, as a string: whether it is a GUID is checked later.
    public var tenantID: String? { tenantIDText.map(string) }
    /// `oid`, as a string: whether it is a GUID is checked later.
    public var objectID: String? { objectIDText.map(string) }
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
    public var scopes: String? { scopesText.map(string) }
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

    /// ``tenantID``, if it is a GUID.
    package var tenantGUID: GUID? { tenantIDText.flatMap { withBytes(of: $0) { GUID($0) } } }
    /// ``objectID``, if it is a GUID.
    package var objectGUID: GUID? { objectIDText.flatMap { withBytes(of: $0) { GUID($0) } } }
    /// Whether the token has `scp` as a string.
    var hasScopes: Bool { scopesText != nil }

    private let issuerText: ClaimText?
    let audienceText: ClaimText?
    private let tenantIDText: ClaimText?
    private let objectIDText: ClaimText?
    private let scopesText: ClaimText?

    /// What the claims were read from.
    private enum Source {
        case parsed(JSONValue)
        case scanned(SecureBytes, maximumBytes: Int)
    }

    /// Reads claims from a parsed JSON object.
    public convenience init(_ json: JSONValue) {
        self.init(reading: json, base: nil, source: .parsed(json))
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
                return EntraClaims(
                    reading: scanned, base: bytes.baseAddress,
                    source: .scanned(payload, maximumBytes: maximumBytes))
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

    private init(reading json: some JSONReadable, base: UnsafeRawPointer?, source: Source) {
        var reader = ClaimReader(json, base: base)
        self.source = source
        issuerText = reader.place(.issuer)
        audienceText = reader.place(.audience)
        version = reader.text(.version).flatMap(TokenVersion.init(rawValue:))
        tenantIDText = reader.place(.tenantID)
        objectIDText = reader.place(.objectID)
        // An empty string names no client.
        let appID = reader.text(.appID).flatMap { $0.isEmpty ? nil : $0 }
        let authorizedParty = reader.text(.authorizedParty).flatMap { $0.isEmpty ? nil : $0 }
        clientAppID = version == .v2 ? authorizedParty ?? appID : appID ?? authorizedParty
        userPrincipalName = reader.name(.userPrincipalName)
        expires = reader.time(.expires)
        notBefore = reader.time(.notBefore)
        issuedAt = reader.time(.issuedAt)
        scopesText = reader.place(.scopes)
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

    /// Calls a closure with the bytes of a text, valid only during the call.
    func withBytes<Result>(of text: ClaimText, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        switch (text, source) {
        case (.place(let start, let count), .scanned(let payload, _)):
            return payload.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[start..<(start + count)])) }
        case (.string(var text), _): return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
        // Only scanned claims have places.
        case (.place, .parsed): return body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
    }

    private func string(_ text: ClaimText) -> String {
        if case .string(let text) = text { return text }
        return withBytes(of: text) { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether this is exactly the token's `iss`.
    package func isIssued(by issuer: ExactText) -> Bool {
        guard let issuerText else { return false }
        return withBytes(of: issuerText) { issuer.isText($0) }
    }

    /// When the token's lifetime began: `iat`, else `nbf`.
    public var lifetimeStart: Timestamp? { issuedAt ?? notBefore }

    /// Whether this is an access token: an ID token names no client application.
    public var isAccessToken: Bool { clientAppID != nil }
}
