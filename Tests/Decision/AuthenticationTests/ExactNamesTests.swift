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

/// Names that `String` takes for the same and whose bytes differ are different names, wherever a decision compares.
@Suite("Names are compared byte by byte") struct ExactNamesTests {
    /// One name, and another one that only Unicode takes for it.
    static let pairs = [
        (name: "K", other: "\u{212A}"), (name: "caf\u{E9}", other: "cafe\u{301}"),
        (name: "cafe\u{301}", other: "caf\u{E9}"), (name: "\u{C5}", other: "\u{212B}"),
        (name: "a;b", other: "a\u{37E}b"),
    ]

    @Test("what the pairs are about: String takes both for one", arguments: pairs)
    func premise(name: String, other: String) {
        #expect(name == other && ExactText(name) != ExactText(other))
    }

    @Test("an audience", arguments: pairs)
    func audience(name: String, other: String) throws {
        let settings = TestTenant.settings { $0.trust.audiences = [ExactText(name)] }
        let reason = { (audience: String) in
            try TestDecision.decide(TestTokens.token(claims: [("aud", .string(audience))]), settings: settings).reason
        }
        let (same, different) = (try reason(name), try reason(other))
        #expect(same == nil && different == .audienceNotAccepted)
    }

    @Test("a key ID", arguments: pairs)
    func keyID(name: String, other: String) throws {
        let keys = KeySnapshot([
            TestTenant.guid(TestTenant.id): TenantKeySet(
                keys: [SigningKey(keyID: ExactText(name), publicKey: try TestTenant.key.get().publicKey)],
                usableUntil: Timestamp(secondsSinceEpoch: .max))
        ])
        let reason = { (keyID: String) in
            try TestDecision.decide(TestTokens.token(header: [("kid", .string(keyID))]), keys: keys).reason
        }
        let (same, different) = (try reason(name), try reason(other))
        #expect(same == nil && different == .keyNotFound)
    }

    @Test("the name of a required claim", arguments: pairs)
    func requiredClaimName(name: String, other: String) throws {
        let settings = TestTenant.settings { $0.trust.requiredClaims = [RequiredClaim(claim: name, values: ["x"])] }
        let reason = { (claim: String) in
            try TestDecision.decide(TestTokens.token(claims: [(claim, "x")]), settings: settings).reason
        }
        let (same, different) = (try reason(name), try reason(other))
        #expect(same == nil && different == .requiredClaimMissing)
    }

    @Test(
        "the value of a required claim, alone and in a list", arguments: pairs, [false, true])
    func requiredClaimValue(pair: (name: String, other: String), isList: Bool) throws {
        let required = RequiredClaim(claim: "extra", values: [.string(ExactText(pair.name))])
        let settings = TestTenant.settings { $0.trust.requiredClaims = [required] }
        let reason = { (value: String) in
            let claim: JSON = isList ? .array(["other", .string(value)]) : .string(value)
            return try TestDecision.decide(TestTokens.token(claims: [("extra", claim)]), settings: settings).reason
        }
        let (same, different) = (try reason(pair.name), try reason(pair.other))
        #expect(same == nil && different == .requiredClaimMismatch)
    }

    @Test("an app role", arguments: pairs)
    func appRole(name: String, other: String) throws {
        let settings = TestTenant.settings {
            $0.policy.appRoleMappings = [AppRoleMapping(appRole: name, kubernetesGroups: ["given"])]
        }
        let groups = { (role: String) in
            let token = try TestTokens.token(claims: [("roles", .array([.string(role)]))])
            return try TestDecision.decide(token, settings: settings).access?.user.groups ?? []
        }
        let (same, different) = (try groups(name), try groups(other))
        #expect(same.contains("given") && !different.contains("given"))
    }

    @Test("a Kubernetes group: another one's name makes nobody an admin, and both are given", arguments: pairs)
    func kubernetesGroup(name: String, other: String) throws {
        var settings = TestTenant.settings {
            let group = TestTenant.guid(TestTenant.plainGroup)
            $0.policy.adminGroupObjectIDs = []
            $0.policy.groupMappings = [GroupMapping(groupObjectID: group, kubernetesGroups: [name, other])]
        }
        let access = { try TestDecision.decide(TestTokens.token(), settings: settings).access }
        settings.kubernetes.adminGroups = ["elsewhere"]
        #expect(try access()?.user.groups.prefix(2).map { ExactText($0) } == [ExactText(name), ExactText(other)])
        settings.tenants[0].policy.groupMappings[0].kubernetesGroups = [ExactText(other)]
        settings.kubernetes.adminGroups = [ExactText(name)]
        #expect(try access()?.isAdmin == false)
        settings.kubernetes.adminGroups = [ExactText(other)]
        #expect(try access()?.isAdmin == true)
    }

    @Test("a token on the deny list", arguments: pairs)
    func tokenID(name: String, other: String) throws {
        let settings = TestTenant.settings {
            $0.policy.denied = [DeniedEntry(target: .tokenID(ExactText(name)), reason: "x")]
        }
        let reason = { (tokenID: String) in
            try TestDecision.decide(TestTokens.token(claims: [("uti", .string(tokenID))]), settings: settings).reason
        }
        let (same, different) = (try reason(name), try reason(other))
        #expect(same == .principalDenied && different == nil)
    }

    @Test("a Kubernetes group of an access review", arguments: pairs)
    func reviewedGroup(name: String, other: String) {
        let ended = EmergencyEntry(
            objectID: TestTenant.guid(TestTenant.objectID), until: TestTokens.now, kubernetesGroups: [name], reason: "x"
        )
        let inForce = EmergencyEntry(
            objectID: TestTenant.guid(TestTenant.objectID), until: TestTokens.now.adding(seconds: 60),
            kubernetesGroups: ["y"],
            reason: "x")
        let authenticator = Authenticator(TestTenant.settings { $0.policy.emergencyAccess = [ended, inForce] })
        let denial = { (group: String) in
            authenticator.denial(
                of: ReviewedUser(
                    groups: [group],
                    extra: [
                        "oid": [TestTenant.objectID], "kube-entra.dev/tenant-id": [TestTenant.id],
                        "kube-entra.dev/emergency-access": ["x"],
                    ]), watch: WatchFacts([:]), now: TestTokens.now)
        }
        #expect(denial(name)?.reason == .emergencyAccessEnded && denial(other) == nil)
    }
}
