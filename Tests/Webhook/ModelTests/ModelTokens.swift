import AccessPolicy
import Entra
import EntraTokens
import Jansson
import OpenSSL
import SigningKeys
import TestSupport
import Timestamps

/// Makes real tokens, key sets and rules out of the model's numbers.
enum ModelTokens {
    typealias Model = ReferenceModel

    static let keys = Result { try (0..<4).map { _ in try PrivateKey.generateRSA() } }
    private static let audiences = ["aaaaaaaa-0000-0000-0000-000000000000", "api://second", "api://never"]
    private static let user = "0b1ec700-0000-0000-0000-000000000001"
    private static let emergencyUser = "0b1ec700-0000-0000-0000-000000000002"

    static func tenantID(_ name: Model.TenantName?) -> String {
        switch name {
        case .a: TestTenant.id
        case .b: TestTenant.otherID
        case nil: "22222222-2222-3333-4444-555555555555"
        }
    }

    static func groupID(_ number: Int) -> String { "00000000-0000-4000-8000-00000000000\(number)" }

    static func groupName(_ text: String) -> String {
        text.hasPrefix("00000000-0000-4000-8000-") ? "group \(text.suffix(1))" : text
    }

    static func trust(_ name: Model.TenantName, _ settings: Model.Settings) -> TokenValidationRules {
        TokenValidationRules(
            tenantID: TestTenant.guid(tenantID(name)),
            audiences: Array(audiences.prefix(settings.acceptsSecondAudience ? 2 : 1)))
    }

    static func policy(_ name: Model.TenantName, _ settings: Model.Settings) -> TenantPolicy {
        guard name == .a else { return TenantPolicy() }
        var policy = TenantPolicy(adminGroupObjectIDs: [TestTenant.guid(groupID(settings.adminGroup))])
        if let until = settings.emergencyUntil {
            policy.emergencyAccess = [
                EmergencyEntry(
                    objectID: TestTenant.guid(emergencyUser), until: Timestamp(secondsSinceEpoch: Int64(until)),
                    kubernetesGroups: ["emergency"], reason: "test")
            ]
        }
        return policy
    }

    static func keySet(_ numbers: Set<Int>, for name: Model.TenantName) throws -> KeySetReport {
        let all = try keys.get()
        let jwks = numbers.sorted().map { TestTokens.jwk(all[$0].publicKey, keyID: "k\($0)") }
        return try KeySetReader.read(TestTokens.keySet(jwks).render(), trust: trust(name, Model.Settings()))
    }

    static func token(_ token: Model.Token) throws -> String {
        let tenant = tenantID(token.issuer)
        let base = TestTokens.claims(
            at: Timestamp(secondsSinceEpoch: Int64(token.notBefore)), tenantID: tenant)
        let claims = TestTokens.members(
            base,
            [
                ("aud", .string(audiences[token.audience])), ("iat", .integer(Int64(token.notBefore))),
                ("nbf", .integer(Int64(token.notBefore))), ("exp", .integer(Int64(token.expires))),
                ("oid", .string(token.isEmergencyUser ? emergencyUser : user)),
                ("groups", .array(token.groups.map { .string(groupID($0)) })),
            ])
        let header = TestTokens.members(TestTokens.header, [("kid", .string("k\(token.keyID)"))])
        return try TestTokens.sign(
            header: .object(header), payload: .object(claims), key: keys.get()[token.signedBy])
    }
}
