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
        var reader = ClaimReader(json: json)
        self.source = source
        issuer = reader.text("iss")
        audience = reader.text("aud")
        version = reader.text("ver").flatMap(TokenVersion.init(rawValue:))
        tenantID = reader.text("tid")
        objectID = reader.text("oid")
        // An empty string names no client.
        let appID = reader.text("appid").flatMap { $0.isEmpty ? nil : $0 }
        let authorizedParty = reader.text("azp").flatMap { $0.isEmpty ? nil : $0 }
        clientAppID = version == .v2 ? authorizedParty ?? appID : appID ?? authorizedParty
        userPrincipalName = reader.name("upn")
        expires = reader.time("exp")
        notBefore = reader.time("nbf")
        issuedAt = reader.time("iat")
        scopes = reader.text("scp")
        roles = reader.texts("roles")
        groups = GroupClaim(reading: json)
        tokenID = reader.text("uti")
        identityType = reader.text("idtyp")
        identityProvider = reader.text("idp")
        account = reader.number("acct")
        identityRelations = reader.text("xms_idrel")?.split(separator: " ") ?? []
        actorFacets =
            (reader.text("xms_sub_fct")?.split(separator: " ") ?? [])
            + (reader.text("xms_act_fct")?.split(separator: " ") ?? [])
        hasManagedIdentityResource = json["xms_mirid"] != nil
        isBound = json["cnf"] != nil
        if version == nil { reader.refuse("ver") }
        if expires == nil { reader.refuse("exp") }
        if notBefore == nil && issuedAt == nil { reader.refuse("iat") }
        if let expires, let notBefore, expires <= notBefore { reader.refuse("exp") }
        if let names = json["_claim_names"], names.kind != .object { reader.refuse("_claim_names") }
        malformed = reader.malformed
    }

    /// When the token's lifetime began: `iat`, else `nbf`.
    public var lifetimeStart: Timestamp? { issuedAt ?? notBefore }

    /// Whether this is an access token: an ID token names no client application.
    public var isAccessToken: Bool { clientAppID != nil }
}

/// Reads single claims and remembers which of them had the wrong form.
private struct ClaimReader<Source: JSONReadable> {
    let json: Source
    var malformed: [String] = []

    init(json: Source) { self.json = json }

    mutating func refuse(_ name: String) {
        if !malformed.contains(name) { malformed.append(name) }
    }

    mutating func text(_ name: StaticString) -> String? {
        guard let value = json[name] else { return nil }
        guard let text = value.string else {
            refuse("\(name)")
            return nil
        }
        return text
    }

    /// Reads a claim that becomes a user name. Rejects control and direction characters anywhere, blanks and invisible
    /// characters at either end, and more than 1,024 bytes; empty counts as absent.
    mutating func name(_ name: StaticString) -> String? {
        guard let text = text(name), !text.isEmpty else { return nil }
        guard text.utf8.count <= 1024, NameForm.isUsable(text) else {
            refuse("\(name)")
            return nil
        }
        return text
    }

    mutating func time(_ name: StaticString) -> Timestamp? {
        guard let value = json[name] else { return nil }
        guard let seconds = value.integer else {
            refuse("\(name)")
            return nil
        }
        return Timestamp(secondsSinceEpoch: seconds)
    }

    /// An integer, also when it is written as a string: `acct` has been seen in both forms.
    mutating func number(_ name: StaticString) -> Int64? {
        guard let value = json[name] else { return nil }
        if let number = value.integer { return number }
        if let text = value.string, let number = Int64(text) { return number }
        refuse("\(name)")
        return nil
    }

    mutating func texts(_ name: StaticString) -> [String] {
        guard let value = json[name] else { return [] }
        guard let array = value.array else {
            refuse("\(name)")
            return []
        }
        var texts: [String] = []
        for element in array {
            guard let text = element.string else {
                refuse("\(name)")
                return []
            }
            texts.append(text)
        }
        return texts
    }
}
