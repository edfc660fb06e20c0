import AccessPolicy
import Authentication
import Entra
import EntraSimulator
import EntraTokens
import Jansson
import OpenSSL
import SafeText
import Testing
import Timestamps

@Suite struct SimulatorTests {
    static let tenantID = "11111111-2222-3333-4444-555555555555"
    static let authority = "https://localhost:1"

    static func keys(_ tenant: SimulatedTenant) throws -> KeySnapshot {
        let key = try #require(tenant.currentKey)
        let signing = SigningKey(keyID: ExactText(key.keyID), publicKey: key.privateKey.publicKey)
        let set = TenantKeySet(keys: [signing], usableUntil: Timestamp(secondsSinceEpoch: .max))
        return KeySnapshot([try #require(GUID(tenantID)): set])
    }

    @Test(
        "each kind of token is recognised as what it imitates, in both versions",
        arguments: [
            (SimulatedToken.Kind.user, SubjectKind.user), (.guest, .guest), (.app, .app),
            (.managedIdentity, .managedIdentity), (.agent, .agent), (.device, .device), (.idToken, .user),
        ])
    func kinds(kind: SimulatedToken.Kind, subject: SubjectKind) throws {
        let id = try #require(GUID(Self.tenantID))
        let tenant = try SimulatedTenant(tenantID: id, authority: Self.authority)
        let trust = TokenValidationRules(
            tenantID: id, authority: Self.authority, audiences: ["a"], subjects: Set(SubjectKind.allCases))
        let authenticator = Authenticator(
            AuthenticationSettings(tenants: [TenantConfiguration(trust: trust, policy: .init())]))
        for version in [TokenVersion.v1, .v2] {
            let token = try SimulatedToken(kind, tenant: tenant, audience: "a", objectID: id, version: version).signed()
            let keys = try Self.keys(tenant)
            let decision = Array(token.utf8).withUnsafeBytes {
                authenticator.decide(token: $0, keys: keys, now: .now())
            }
            #expect(decision.subject.kind == subject)
            #expect(decision.reason == (kind == .idToken ? .tokenKindNotAccepted : nil))
        }
    }

    @Test("over 200 groups the list is left out and the mark is there")
    func overage() throws {
        let id = try #require(GUID(Self.tenantID))
        let tenant = try SimulatedTenant(tenantID: id, authority: Self.authority)
        var token = SimulatedToken(.user, tenant: tenant, audience: "a", objectID: id)
        token.setGroups([GUID](repeating: id, count: 200))
        #expect(token["groups"] != nil)
        token.setGroups([GUID](repeating: id, count: 201))
        #expect(token["groups"] == nil)
        #expect(token["_claim_names"] != nil)
    }

    @Test("an envelope is taken once the cluster's host is configured, and only for it")
    func envelope() throws {
        let id = try #require(GUID(Self.tenantID))
        let tenant = try SimulatedTenant(tenantID: id, authority: Self.authority)
        let token = SimulatedToken(.user, tenant: tenant, audience: "a", objectID: id)
        let keys = try Self.keys(tenant)
        for (host, reason) in [("cluster.example", RefusalReason?.none), ("other.example", .proofOfPossessionInvalid)] {
            let trust = TokenValidationRules(
                tenantID: id, authority: Self.authority, audiences: ["a"], proofOfPossession: .accept,
                clusterHost: "cluster.example")
            let authenticator = Authenticator(
                AuthenticationSettings(tenants: [TenantConfiguration(trust: trust, policy: .init())]))
            let envelope = Array(try token.enveloped(with: SimulatedKey(), host: host).utf8)
            let decision = envelope.withUnsafeBytes { authenticator.decide(token: $0, keys: keys, now: .now()) }
            #expect(decision.reason == reason)
        }
    }
}
