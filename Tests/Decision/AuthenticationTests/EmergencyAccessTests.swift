import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import TestSupport
import Testing
import Timestamps

@Suite("Emergency access")
struct EmergencyAccessTests {
    static let until = TestTokens.now.adding(seconds: 120)

    static func settings(_ rule: GroupOverageRule) -> AuthenticationSettings {
        TestTenant.settings {
            $0.trust.groupOverage = rule
            $0.policy.emergencyAccess = [
                EmergencyEntry(
                    objectID: TestTenant.guid(TestTenant.objectID), until: until, kubernetesGroups: ["emergency"],
                    reason: "incident 4711")
            ]
        }
    }

    static func overageToken() throws -> String {
        try TestTokens.token(claims: [("groups", nil), ("_claim_names", .object([("groups", "src1")]))])
    }

    @Test("under resolve the directory is asked, and its groups come with the emergency groups")
    func asks() throws {
        let settings = Self.settings(.resolve)
        let first = try TestDecision.decide(Self.overageToken(), settings: settings)
        #expect(first.groupResolution?.objectID == TestTenant.guid(TestTenant.objectID))
        let second = try TestDecision.decide(
            Self.overageToken(), settings: settings,
            resolvedGroups: [TestTenant.guid(TestTenant.adminGroup), TestTenant.guid(TestTenant.adminGroup)])
        #expect(second.groupResolution == nil)
        #expect(second.access?.user.groups == ["kube-entra:cluster-admins", "emergency", TestTenant.adminGroup])
    }

    @Test("while the directory does not answer, the emergency groups are the answer, and it is not remembered")
    func fallsBack() throws {
        let settings = Self.settings(.resolve)
        let decision = try TestDecision.decide(Self.overageToken(), settings: settings)
        #expect(decision.access?.user.groups == ["emergency"])
        let cache = DecisionCache(.init(entries: 10, maximumAge: .seconds(600)))
        let token = TestDecision.hashed(try Self.overageToken())
        let (authenticator, keys) = (Authenticator(settings), try TestTenant.keys())
        for _ in 0..<2 {
            let known = cache.decide(token, by: authenticator, keys: keys, now: TestTokens.now)
            #expect(!known.isHit && known.decision.groupResolution != nil)
        }
    }

    @Test("under deny it needs no groups, and without an entry in force there is none of it")
    func deny() throws {
        #expect(try TestDecision.decide(Self.overageToken(), settings: Self.settings(.deny)).access != nil)
        #expect(
            try TestDecision.decide(Self.overageToken(), settings: Self.settings(.deny), now: Self.until).reason
                == .groupOverage)
        #expect(
            try TestDecision.decide(Self.overageToken(), settings: Self.settings(.resolve), now: Self.until).reason
                == .groupResolutionFailed)
    }

    @Test("an entry is for one principal")
    func others() throws {
        let settings = TestTenant.settings {
            $0.policy.emergencyAccess = [
                EmergencyEntry(
                    objectID: TestTenant.guid(TestTenant.plainGroup), until: Self.until,
                    kubernetesGroups: ["emergency"],
                    reason: "drill")
            ]
        }
        let access = try TestDecision.decide(TestTokens.token(), settings: settings).access
        #expect(access?.user.groups.contains("emergency") == false && access?.emergencyReason == nil)
    }

    @Test("whoever gets an admin group's Kubernetes group by another rule is admin")
    func admin() throws {
        let settings = TestTenant.settings {
            $0.policy.adminGroupObjectIDs = []
            $0.policy.groupMappings = [
                GroupMapping(
                    groupObjectID: TestTenant.guid(TestTenant.plainGroup),
                    kubernetesGroups: ["kube-entra:cluster-admins"])
            ]
        }
        #expect(try TestDecision.decide(TestTokens.token(), settings: settings).access?.isAdmin == true)
    }

    @Test("a remembered token loses it at the very second at which the entry ends")
    func remembered() throws {
        let cache = DecisionCache(.init(entries: 10, maximumAge: .seconds(600)))
        let authenticator = Authenticator(Self.settings(.deny))
        let (token, keys) = (TestDecision.hashed(try TestTokens.token()), try TestTenant.keys())
        func groups(_ seconds: Int64) -> (isHit: Bool, hasEmergency: Bool) {
            let known = cache.decide(token, by: authenticator, keys: keys, now: TestTokens.now.adding(seconds: seconds))
            return (known.isHit, known.decision.access?.user.groups.contains("emergency") ?? false)
        }
        #expect(groups(0) == (false, true))
        #expect(groups(119) == (true, true))
        #expect(groups(120) == (false, false))
    }

    @Test("a remembered token is refused at the very second at which its keys become too old")
    func keysAge() throws {
        let cache = DecisionCache(.init(entries: 10, maximumAge: .seconds(600)))
        let authenticator = Authenticator(TestTenant.settings())
        let keys = try TestTenant.keys(usableUntil: TestTokens.now.adding(seconds: 60))
        let token = TestDecision.hashed(try TestTokens.token())
        func reason(_ seconds: Int64) -> RefusalReason? {
            cache.decide(token, by: authenticator, keys: keys, now: TestTokens.now.adding(seconds: seconds)).decision
                .reason
        }
        #expect(reason(0) == nil && reason(59) == nil && reason(60) == .keysUnavailable)
    }
}
