public import Jansson
public import OpenSSL
import SafeText
public import Timestamps

/// Tokens of the test tenant, and tokens of any bytes with a valid signature.
public enum TestTokens {
    /// A time at which the tokens are valid, if they are not made for another one.
    public static let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

    /// The header of the tenant's tokens.
    public static let header: [(String, JSON)] = [("typ", "JWT"), ("alg", "RS256"), ("kid", "k1")]

    /// The claims of a user who is an admin, valid at `now`.
    public static let claims = claims(at: now)

    /// The claims of a user who is an admin, issued five minutes before this time and valid for an hour after it.
    public static func claims(at now: Timestamp, tenantID: String = TestTenant.id) -> [(String, JSON)] {
        [
            ("aud", .string(TestTenant.audience)), ("iss", .string("https://sts.windows.net/\(tenantID)/")),
            ("iat", .integer(now.secondsSinceEpoch - 300)), ("nbf", .integer(now.secondsSinceEpoch - 300)),
            ("exp", .integer(now.secondsSinceEpoch + 3600)), ("appid", .string(TestTenant.client)), ("appidacr", "0"),
            ("oid", .string(TestTenant.objectID)), ("scp", "user.read"), ("tid", .string(tenantID)),
            ("upn", "ada@example.com"), ("uti", "abc_DEF-1"), ("ver", "1.0"),
            ("groups", .array([.string(TestTenant.plainGroup), .string(TestTenant.adminGroup)])),
        ]
    }

    /// Replaces members, and leaves those out whose value is nil.
    public static func members(_ base: [(String, JSON)], _ changes: [(String, JSON?)]) -> [(String, JSON)] {
        var result = base
        for (name, value) in changes {
            let place = result.firstIndex { $0.0 == name }
            switch (place, value) {
            case (let place?, let value?): result[place].1 = value
            case (let place?, nil): result.remove(at: place)
            case (nil, let value?): result.append((name, value))
            case (nil, nil): break
            }
        }
        return result
    }

    /// A token with these changes of `header` and `claims`, signed by the tenant's key or another one.
    public static func token(
        header headerChanges: [(String, JSON?)] = [],
        claims claimChanges: [(String, JSON?)] = [],
        at now: Timestamp = now,
        key: PrivateKey? = nil
    ) throws -> String {
        try sign(
            header: JSON.object(members(header, headerChanges)),
            payload: JSON.object(members(claims(at: now), claimChanges)), key: key)
    }

    /// A compact JWS, signed by the tenant's key or another one.
    public static func sign(header: JSON, payload: JSON, key: PrivateKey? = nil) throws -> String {
        try sign(header: header.render(), payload: payload.render(), key: key)
    }

    /// A compact JWS over these bytes, whatever they are.
    public static func sign(header: [UInt8], payload: [UInt8], key: PrivateKey? = nil) throws -> String {
        let input = Base64URL.encode(header) + "." + Base64URL.encode(payload)
        let signer = try key ?? TestTenant.key.get()
        let signature = try Array(input.utf8).withUnsafeBytes { try signer.sign(.rs256, message: $0) }
        return input + "." + Base64URL.encode(signature)
    }

    /// A JSON Web Key, as Entra publishes one, with changes.
    public static func jwk(
        _ key: PublicKey, keyID: String = "k1", _ changes: [(String, JSON?)] = []
    ) -> [(String, JSON)] {
        members(
            [
                ("kty", "RSA"), ("use", "sig"), ("kid", .string(keyID)),
                ("n", .string(Base64URL.encode(key.rsaModulus ?? []))),
                ("e", .string(Base64URL.encode(key.rsaExponent ?? []))),
            ], changes)
    }

    /// A JSON Web Key Set.
    public static func keySet(_ keys: [[(String, JSON)]]) -> JSON {
        .object([("keys", .array(keys.map { .object($0) }))])
    }
}
