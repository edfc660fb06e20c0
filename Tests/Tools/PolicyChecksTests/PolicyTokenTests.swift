import AccessPolicy
import Configuration
import Entra
import EntraTokens
import JOSE
import Jansson
import OpenSSL
import PolicyChecks
import SafeText
import Testing
import Timestamps

private let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

@Suite struct PolicyTokenTests {
    private static let key = Result { try PrivateKey.generateRSA() }

    private func token(groups: [String]) throws -> [UInt8] {
        let header = JSON.object([("alg", .string("RS256")), ("kid", .string("k1")), ("typ", .string("JWT"))])
        let claims = JSON.object([
            ("iss", .string("https://sts.windows.net/\(TestConfiguration.tenant)/")),
            ("aud", .string(TestConfiguration.audience)), ("ver", .string("1.0")),
            ("tid", .string(TestConfiguration.tenant)), ("oid", .string(TestConfiguration.other)),
            ("appid", .string("x")), ("scp", .string("x")), ("upn", .string("ada@example.com")),
            ("name", .string("Ada Doe")), ("groups", JSON(groups)), ("iat", .integer(1_799_999_000)),
            ("exp", .integer(1_800_003_000)),
        ])
        let input = Base64URL.encode(header.render()) + "." + Base64URL.encode(claims.render())
        let signer = try Self.key.get()
        let signature = try Array(input.utf8).withUnsafeBytes { try signer.sign(.rs256, message: $0) }
        return Array((input + "." + Base64URL.encode(signature)).utf8)
    }

    private func keys() throws -> KeySnapshot {
        let key = SigningKey(keyID: "k1", publicKey: try Self.key.get().publicKey)
        let set = TenantKeySet(keys: [key], usableUntil: Timestamp(secondsSinceEpoch: .max))
        return KeySnapshot([try #require(GUID(TestConfiguration.tenant)): set])
    }

    private func checker() throws -> PolicyChecker {
        PolicyChecker(try TestConfiguration.load().configuration.authentication)
    }

    @Test func aVerifiedTokenBecomesItsUser() throws {
        let answer = try checker().answer(token: token(groups: [TestConfiguration.admins]), keys: keys(), now: now)
        #expect(answer.isAdmin)
        #expect(answer.access?.user.username == "ada@example.com")
        #expect(answer.tenantID?.description == TestConfiguration.tenant)
    }

    @Test func aForgedTokenTellsNothing() throws {
        var forged = try token(groups: [TestConfiguration.admins])
        let last = forged.count - 10
        forged[last] = forged[last] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
        let answer = try checker().answer(token: forged, keys: keys(), now: now)
        #expect(answer.reason == .signatureInvalid)
        #expect(answer.access == nil)
        #expect(answer.tenantID == nil)
        #expect(answer.kind == nil)
        #expect(try PolicySuiteDraft.render(token: forged, keys: keys(), checker: checker(), now: now) == nil)
    }

    @Test func aTokensSuiteHoldsAfterItExpired() throws {
        let token = try token(groups: [TestConfiguration.admins])
        let text = try #require(
            try PolicySuiteDraft.render(token: token, keys: keys(), checker: checker(), now: now))
        #expect(!text.contains("Doe"))
        let suite = try PolicySuite.parse(Array(text.utf8), path: "suite.yaml")
        let later = Timestamp(secondsSinceEpoch: 1_899_000_000)
        #expect(try checker().answer(token: token, keys: keys(), now: later).reason == .tokenExpired)
        #expect(suite.run(try checker(), now: later).failedCount == 0)
    }
}
