import AccessPolicy
import Entra
import EntraTokens
import JOSE
import Jansson
import OpenSSL
import SafeText
import SigningKeys
import Timestamps

/// Makes real tokens, key sets and rules out of the model's numbers.
enum Forge {
    typealias Model = ReferenceModel

    struct Missing: Error {}

    static let keys = Result { try (0..<4).map { _ in try PrivateKey.generateRSA() } }
    private static let audiences = ["aaaaaaaa-0000-0000-0000-000000000000", "api://second", "api://never"]
    private static let user = "0b1ec700-0000-0000-0000-000000000001"
    private static let emergencyUser = "0b1ec700-0000-0000-0000-000000000002"

    static func tenantID(_ name: Model.TenantName?) -> String {
        switch name {
        case .a: "11111111-2222-3333-4444-555555555555"
        case .b: "99999999-2222-3333-4444-555555555555"
        case nil: "22222222-2222-3333-4444-555555555555"
        }
    }

    static func groupID(_ number: Int) -> String { "00000000-0000-4000-8000-00000000000\(number)" }

    static func groupName(_ text: String) -> String {
        text.hasPrefix("00000000-0000-4000-8000-") ? "group \(text.suffix(1))" : text
    }

    private static func guid(_ text: String) -> GUID {
        guard let guid = GUID(text) else { preconditionFailure("\(text) is no GUID") }
        return guid
    }

    static func trust(_ name: Model.TenantName, _ settings: Model.Settings) -> TokenValidationRules {
        TokenValidationRules(
            tenantID: guid(tenantID(name)), audiences: Array(audiences.prefix(settings.acceptsSecondAudience ? 2 : 1)))
    }

    static func policy(_ name: Model.TenantName, _ settings: Model.Settings) -> TenantPolicy {
        guard name == .a else { return TenantPolicy() }
        var policy = TenantPolicy(adminGroupObjectIDs: [guid(groupID(settings.adminGroup))])
        if let until = settings.emergencyUntil {
            policy.emergencyAccess = [
                EmergencyEntry(
                    objectID: guid(emergencyUser), until: Timestamp(secondsSinceEpoch: Int64(until)),
                    kubernetesGroups: ["emergency"], reason: "test")
            ]
        }
        return policy
    }

    static func keySet(_ numbers: Set<Int>, for name: Model.TenantName) throws -> KeySetReport {
        let all = try keys.get()
        let jwks = numbers.sorted().map { number in
            JSON.object([
                ("kty", "RSA"), ("use", "sig"), ("kid", .string("k\(number)")),
                ("n", .string(Base64URL.encode(all[number].publicKey.rsaModulus ?? []))), ("e", "AQAB"),
            ])
        }
        return try KeySetReader.read(
            JSON.object([("keys", .array(jwks))]).render(), trust: trust(name, Model.Settings()))
    }

    static func token(_ token: Model.Token) throws -> String {
        let header = JSON.object([("typ", "JWT"), ("alg", "RS256"), ("kid", .string("k\(token.keyID)"))])
        let tenant = tenantID(token.issuer)
        let claims = JSON.object([
            ("aud", .string(audiences[token.audience])), ("iss", .string("https://sts.windows.net/\(tenant)/")),
            ("iat", .integer(Int64(token.notBefore))), ("nbf", .integer(Int64(token.notBefore))),
            ("exp", .integer(Int64(token.expires))),
            ("appid", "80faf920-1908-4b52-b5ef-a8e7bedfc67a"), ("appidacr", "0"),
            ("oid", .string(token.isEmergencyUser ? emergencyUser : user)), ("scp", "user.read"),
            ("tid", .string(tenant)), ("upn", "ada@example.com"), ("uti", "abc_DEF-1"), ("ver", "1.0"),
            ("groups", .array(token.groups.map { .string(groupID($0)) })),
        ])
        let input = Base64URL.encode(header.render()) + "." + Base64URL.encode(claims.render())
        let key = try keys.get()[token.signedBy]
        let signature = try Array(input.utf8).withUnsafeBytes { try key.sign(.rs256, message: $0) }
        return input + "." + Base64URL.encode(signature)
    }
}
