public import Jansson
public import OpenSSL
public import Timestamps

/// The claims of an Entra token, each read by itself, so that one malformed claim does not hide the others.
///
/// Whether they may be believed is not known here: the caller has verified the signature, or has not.
public struct EntraClaims: Sendable {
    private let source: Source
    public let issuer: String?
    public let audience: String?
    public let version: TokenVersion?
    public let tenantID: String?
    public let objectID: String?
    /// `appid` (version 1.0) or `azp` (version 2.0).
    public let clientAppID: String?
    public let userPrincipalName: String?
    public let expires: Timestamp?
    public let notBefore: Timestamp?
    public let issuedAt: Timestamp?
    public let scopes: String?
    public let roles: [String]
    public let groups: GroupClaim
    /// `uti`: the token's own ID.
    public let tokenID: String?
    public let identityType: String?
    public let identityProvider: String?
    public let account: Int64?
    public let identityRelations: [Substring]
    public let actorFacets: [Substring]
    public let hasManagedIdentityResource: Bool
    /// Whether the token is bound to a key (`cnf`), in whatever form.
    public let isBound: Bool
    /// Names of claims that are needed or understood and have the wrong form, in the order of reading.
    public let malformed: [String]

    /// What the claims were read from.
    private enum Source {
        case parsed(JSONValue)
        case scanned(SecureBytes, maximumBytes: Int)
    }

    /// Reads claims that were parsed.
    public init(_ json: JSONValue) {
        self.init(reading: json, source: .parsed(json))
    }

    /// Scans the payload of a token, without a tree of it.
    ///
    /// - Throws: `JSONError` for what is no JSON object; exactly what ``JSONDocument`` refuses.
    public init(scanning payload: SecureBytes, maximumBytes: Int) throws(JSONError) {
        self = try payload.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in
                let scanned = try ScannedJSON(scanning: bytes, maximumBytes: maximumBytes)
                guard scanned.kind == .object else { throw JSONError(.invalid) }
                return EntraClaims(reading: scanned, source: .scanned(payload, maximumBytes: maximumBytes))
            }
        }.get()
    }

    /// The claims as they stand in the token, for those that have no property of their own.
    ///
    /// Claims that were scanned are parsed for each call.
    public var json: JSONValue {
        switch source {
        case .parsed(let json): return json
        case .scanned(let payload, let maximumBytes):
            // What was scanned can be parsed. Should it not be so, there are no claims, and nobody gets in by them.
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
        // An empty one names no client.
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

    /// When the token's life began, as it says itself.
    public var lifetimeStart: Timestamp? { issuedAt ?? notBefore }

    /// Whether this token authorizes access; an ID token names no client.
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

    /// An integer, also when it is written as a text: `acct` has been seen as both.
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
