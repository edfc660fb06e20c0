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

@Suite struct DeniedTokenTests {
    static let issuedAt = TestTokens.now.adding(seconds: -300)

    static func settings(
        _ target: DeniedEntry.Target, issuedBefore: Int64? = nil, until: Int64? = nil,
        _ change: (inout TenantConfiguration) -> Void = { _ in }
    ) -> AuthenticationSettings {
        TestTenant.settings { rules in
            rules.policy.denied = [
                DeniedEntry(
                    target: target, issuedBefore: issuedBefore.map { issuedAt.adding(seconds: $0) },
                    until: until.map { TestTokens.now.adding(seconds: $0) }, reason: "secret reason")
            ]
            change(&rules)
        }
    }

    static let object = DeniedEntry.Target.objectID(TestTenant.guid(TestTenant.objectID))

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var target = DeniedTokenTests.object
        var issuedBefore: Int64?
        var until: Int64?
        var claims: [(String, JSON?)] = []
        var reason: RefusalReason? = .principalDenied
        var testDescription: String { name }
    }

    @Test(
        "whom the list names is refused",
        arguments: [
            Case(name: "by object ID"),
            Case(name: "by client application", target: .clientAppID(TestTenant.guid(TestTenant.client))),
            Case(name: "by token ID", target: .tokenID("abc_DEF-1")),
            Case(name: "not another object", target: .objectID(TestTenant.guid(TestTenant.adminGroup)), reason: nil),
            Case(name: "not once the entry has ended", until: 0, reason: nil),
            Case(name: "with a token from before the bound", issuedBefore: 1),
            Case(name: "not with a token from the bound", issuedBefore: 0, reason: nil),
            Case(
                name: "with a token that does not say when it was issued", issuedBefore: -1_000_000,
                claims: [("iat", nil)]),
            Case(
                name: "after what the token itself has wrong", claims: [("aud", "x")], reason: .audienceNotAccepted),
            Case(name: "before its groups are looked at", claims: [("groups", "x")]),
        ])
    func refused(_ sample: Case) throws {
        let settings = Self.settings(sample.target, issuedBefore: sample.issuedBefore, until: sample.until)
        let decision = try TestDecision.decide(TestTokens.token(claims: sample.claims), settings: settings)
        #expect(decision.reason == sample.reason)
        #expect((decision.denial != nil) == (sample.reason == .principalDenied))
    }

    @Test("it comes before required claims, and emergency access does not help")
    func precedence() throws {
        let settings = Self.settings(Self.object) { rules in
            rules.trust.requiredClaims = [RequiredClaim(claim: "missing", values: ["x"])]
            rules.policy.emergencyAccess = [
                EmergencyEntry(
                    objectID: TestTenant.guid(TestTenant.objectID), until: TestTokens.now.adding(seconds: 60),
                    kubernetesGroups: ["admins"], reason: "x")
            ]
        }
        #expect(try TestDecision.decide(TestTokens.token(), settings: settings).reason == .principalDenied)
    }

    @Test("another tenant's list is another tenant's")
    func tenants() throws {
        var settings = TestTenant.settings()
        settings.tenants[1].policy.denied = [DeniedEntry(target: Self.object, reason: "x")]
        #expect(try TestDecision.decide(TestTokens.token(), settings: settings).reason == nil)
    }

    @Test("claims without a token are not judged by its age and ID, and the entries are named")
    func hypothetical() throws {
        let document = try JSONDocument(parsing: JSON.object(TestTokens.claims).render())
        let settings = Self.settings(Self.object, issuedBefore: 1000)
        let real = Authenticator(settings).examine(verifiedClaims: document.root, now: TestTokens.now)
        #expect(real.reason == .principalDenied)
        let given = Authenticator(settings).examine(
            verifiedClaims: document.root, now: TestTokens.now, areTokenTimesReal: false)
        #expect(given.reason == nil)
        #expect(given.undecidedDenials == settings.tenants[0].policy.denied)
    }
}
