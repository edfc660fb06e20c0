import AccessPolicy
import Authentication
import Entra
import EntraTokens
import JOSE
import Jansson
import OpenSSL
import SafeText
import Timestamps
import TokenReviewAPI

/// Tokens of a made-up tenant, and the settings and keys to judge them by.
enum Forge {
    static let tenantID = "11111111-2222-3333-4444-555555555555"
    static let audience = "aaaaaaaa-0000-0000-0000-000000000000"
    static let adminGroup = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
    static let key = Result { try PrivateKey.generateRSA() }

    static func authenticator(_ change: (inout TenantConfiguration) -> Void = { _ in }) throws -> Authenticator {
        var rules = TenantConfiguration(
            trust: TokenValidationRules(tenantID: try guid(tenantID), audiences: [audience]),
            policy: TenantPolicy(adminGroupObjectIDs: [try guid(adminGroup)]))
        change(&rules)
        return Authenticator(AuthenticationSettings(tenants: [rules]))
    }

    struct NoGUID: Error {}

    static func guid(_ text: String) throws -> GUID {
        guard let guid = GUID(text) else { throw NoGUID() }
        return guid
    }

    static func keys() throws -> KeySnapshot {
        KeySnapshot([
            try guid(tenantID): TenantKeySet(
                keys: [SigningKey(keyID: "k1", publicKey: try key.get().publicKey)],
                usableUntil: Timestamp(secondsSinceEpoch: .max))
        ])
    }

    static func token(keyID: String = "k1", expiresIn: Int64 = 3600, more: [(String, JSON)] = []) throws -> String {
        let now = Timestamp.now().secondsSinceEpoch
        let header = JSON.object([("typ", "JWT"), ("alg", "RS256"), ("kid", .string(keyID))])
        let claims = JSON.object(
            [
                ("aud", .string(audience)), ("iss", .string("https://sts.windows.net/\(tenantID)/")),
                ("iat", .integer(now - 7200)), ("nbf", .integer(now - 7200)), ("exp", .integer(now + expiresIn)),
                ("appid", "80faf920-1908-4b52-b5ef-a8e7bedfc67a"), ("appidacr", "0"),
                ("oid", "0b1ec700-0000-0000-0000-000000000001"), ("scp", "user.read"), ("tid", .string(tenantID)),
                ("upn", "ada@example.com"), ("uti", "abc_DEF-1"), ("ver", "1.0"),
                ("groups", .array([.string(adminGroup)])),
            ] + more)
        let input = Base64URL.encode(header.render()) + "." + Base64URL.encode(claims.render())
        let signature = try Array(input.utf8).withUnsafeBytes { try key.get().sign(.rs256, message: $0) }
        return input + "." + Base64URL.encode(signature)
    }

    static func body(_ token: String, version: TokenReviewVersion = .v1) -> String {
        String(decoding: TokenReviewRequest.encode(token: token, version: version), as: UTF8.self)
    }
}
