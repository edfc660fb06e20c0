import AccessPolicy
import Configuration
import Entra
import EntraTokens
import Jansson
import PolicyChecks
import SafeText
import TestSupport
import Testing
import Timestamps

private let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

@Suite struct PolicyTokenTests {
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
        return Array(try TestTokens.sign(header: header, payload: claims).utf8)
    }

    private func keys() throws -> KeySnapshot { try TestTenant.ownKeys() }

    private func checker() throws -> PolicyChecker {
        PolicyChecker(try TestConfiguration.load().configuration.authentication)
    }

    @Test("a verified token becomes its user")
    func aVerifiedTokenBecomesItsUser() throws {
        let answer = try checker().answer(token: token(groups: [TestConfiguration.admins]), keys: keys(), now: now)
        #expect(answer.isAdmin)
        #expect(answer.access?.user.username == "ada@example.com")
        #expect(answer.tenantID?.description == TestConfiguration.tenant)
    }

    @Test("a forged token tells nothing")
    func aForgedTokenTellsNothing() throws {
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

    @Test("a suite that is made of a token passes after the token has expired")
    func aTokensSuiteHoldsAfterItExpired() throws {
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
