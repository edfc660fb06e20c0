import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import OpenSSL
import SafeText
import TestSupport
import Testing
import Timestamps

@Suite("Keys that share an ID")
struct SharedKeyIDTests {
    private static let (first, second) = (TestTenant.guid(TestTenant.id), TestTenant.guid(TestTenant.otherID))
    private static let end = Timestamp(secondsSinceEpoch: .max)

    private static func set(_ keys: Result<PrivateKey, any Error>...) throws -> TenantKeySet {
        TenantKeySet(
            keys: try keys.map { SigningKey(keyID: "k1", publicKey: try $0.get().publicKey) }, usableUntil: end)
    }

    private static func token(of tenant: String, signedWith key: PrivateKey) throws -> String {
        try TestTokens.token(
            claims: [("iss", .string("https://sts.windows.net/\(tenant)/")), ("tid", .string(tenant))], key: key)
    }

    @Test("two tenants with different keys of one ID vouch each for its own tokens")
    func tenants() throws {
        let keys = KeySnapshot([
            Self.first: try Self.set(TestTenant.key), Self.second: try Self.set(TestTenant.otherKey),
        ])
        let (key, foreignKey) = (try TestTenant.key.get(), try TestTenant.otherKey.get())
        for (tenant, own, other) in [
            (TestTenant.id, key, foreignKey), (TestTenant.otherID, foreignKey, key),
        ] {
            #expect(try TestDecision.decide(Self.token(of: tenant, signedWith: own), keys: keys).reason == nil)
            let stolen = try TestDecision.decide(Self.token(of: tenant, signedWith: other), keys: keys)
            #expect(stolen.reason == .keyIssuerMismatch && stolen.keyRefreshTenant == TestTenant.guid(tenant))
        }
    }

    @Test("both keys of one tenant and one ID are tried")
    func secondKey() throws {
        let keys = KeySnapshot([Self.first: try Self.set(TestTenant.otherKey, TestTenant.key)])
        #expect(try TestDecision.decide(TestTokens.token(), keys: keys).reason == nil)
        #expect(try TestDecision.decide(TestTokens.token(key: TestTenant.otherKey.get()), keys: keys).reason == nil)
        #expect(try TestDecision.decide(TestTokens.token(key: .generateRSA()), keys: keys).reason == .signatureInvalid)
    }

    @Test("a key that two tenants publish signs for both, and for one when the other's keys are too old")
    func shared() throws {
        let old = TenantKeySet(
            keys: [SigningKey(keyID: "k1", publicKey: try TestTenant.key.get().publicKey)], usableUntil: TestTokens.now)
        let keys = KeySnapshot([Self.first: try Self.set(TestTenant.key), Self.second: old])
        #expect(try TestDecision.decide(TestTokens.token(), keys: keys).reason == nil)
        let other = try Self.token(of: TestTenant.otherID, signedWith: TestTenant.key.get())
        #expect(try TestDecision.decide(other, keys: keys).reason == .keysUnavailable)
        let young = KeySnapshot([Self.first: try Self.set(TestTenant.key), Self.second: try Self.set(TestTenant.key)])
        #expect(try TestDecision.decide(other, keys: young).reason == nil)
    }

    @Test(
        "keys that are too old come before what is wrong with the claims, also where another tenant's key verified",
        arguments: [
            (name: "a wrong tid", claims: [("tid", "77777777-2222-3333-4444-555555555555")]),
            (name: "no tid", claims: [("tid", nil)]),
            (name: "a malformed claim", claims: [("exp", "soon")]),
            (name: "the other version's issuer", claims: [("ver", "2.0")]),
            (name: "a wrong audience", claims: [("aud", "x")]),
        ] as [(name: String, claims: [(String, JSON?)])])
    func tooOldFirst(name: String, claims: [(String, JSON?)]) throws {
        let old = TenantKeySet(
            keys: [SigningKey(keyID: "k1", publicKey: try TestTenant.key.get().publicKey)], usableUntil: TestTokens.now)
        let keys = KeySnapshot([Self.first: old, Self.second: try Self.set(TestTenant.key)])
        let token = try TestTokens.token(claims: claims)
        let refused = try TestDecision.decide(token, keys: keys)
        #expect(refused.reason == .keysUnavailable && refused.keyRefreshTenant == Self.first)
        // With keys it is what the claims say.
        let young = KeySnapshot([Self.first: try Self.set(TestTenant.key), Self.second: try Self.set(TestTenant.key)])
        #expect(try TestDecision.decide(token, keys: young).reason != .keysUnavailable)
        // Nothing of it is ours to say about a token of nobody's issuer.
        let foreign = try TestTokens.token(claims: claims + [("iss", "https://sts.windows.net/x/")])
        #expect(try TestDecision.decide(foreign, keys: keys).reason != .keysUnavailable)
    }

    @Test("keys are found by tenant, whatever the order of the configuration")
    func order() throws {
        var settings = TestTenant.settings()
        settings.tenants.reverse()
        #expect(try TestDecision.decide(TestTokens.token(), settings: settings).access?.isAdmin == true)
    }
}
