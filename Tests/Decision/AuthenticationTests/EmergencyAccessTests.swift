import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import Testing
import Timestamps

@Suite("Emergency access")
struct EmergencyAccessTests {
    static let until = Forge.now.adding(seconds: 120)

    static func settings(_ rule: GroupOverageRule) -> AuthenticationSettings {
        Forge.settings {
            $0.trust.groupOverage = rule
            $0.policy.emergencyAccess = [
                EmergencyEntry(
                    objectID: Forge.guid(Forge.objectID), until: until, kubernetesGroups: ["emergency"],
                    reason: "incident 4711")
            ]
        }
    }

    static func overageToken() throws -> String {
        try Forge.token(claims: [("groups", nil), ("_claim_names", .object([("groups", "src1")]))])
    }

    @Test("under resolve the directory is asked, and its groups come with the emergency groups")
    func asks() throws {
        let settings = Self.settings(.resolve)
        let first = try Forge.decide(Self.overageToken(), settings: settings)
        #expect(first.groupResolution?.objectID == Forge.guid(Forge.objectID))
        let second = try Forge.decide(
            Self.overageToken(), settings: settings,
            resolvedGroups: [Forge.guid(Forge.adminGroup), Forge.guid(Forge.adminGroup)])
        #expect(second.groupResolution == nil)
        #expect(second.access?.user.groups == ["kube-entra:cluster-admins", "emergency", Forge.adminGroup])
    }

    @Test("while the directory does not answer, the emergency groups are the answer, and it is not remembered")
    func fallsBack() throws {
        let settings = Self.settings(.resolve)
        let decision = try Forge.decide(Self.overageToken(), settings: settings)
        #expect(decision.access?.user.groups == ["emergency"])
        let cache = DecisionCache(.init(entries: 10, maximumAge: 600))
        let token = Forge.hashed(try Self.overageToken())
        let (authenticator, keys) = (Authenticator(settings), try Forge.keys())
        for _ in 0..<2 {
            let known = cache.decide(token, by: authenticator, keys: keys, now: Forge.now)
            #expect(!known.isHit && known.decision.groupResolution != nil)
        }
    }

    @Test("under deny it needs no groups, and without an entry in force there is none of it")
    func deny() throws {
        #expect(try Forge.decide(Self.overageToken(), settings: Self.settings(.deny)).access != nil)
        #expect(
            try Forge.decide(Self.overageToken(), settings: Self.settings(.deny), now: Self.until).reason
                == .groupOverage)
        #expect(
            try Forge.decide(Self.overageToken(), settings: Self.settings(.resolve), now: Self.until).reason
                == .groupResolutionFailed)
    }

    @Test("an entry is for one principal")
    func others() throws {
        let settings = Forge.settings {
            $0.policy.emergencyAccess = [
                EmergencyEntry(
                    objectID: Forge.guid(Forge.plainGroup), until: Self.until, kubernetesGroups: ["emergency"],
                    reason: "drill")
            ]
        }
        let access = try Forge.decide(Forge.token(), settings: settings).access
        #expect(access?.user.groups.contains("emergency") == false && access?.emergencyReason == nil)
    }

    @Test("whoever gets an admin group's Kubernetes group by another rule is admin")
    func admin() throws {
        let settings = Forge.settings {
            $0.policy.adminGroupObjectIDs = []
            $0.policy.groupMappings = [
                GroupMapping(
                    groupObjectID: Forge.guid(Forge.plainGroup), kubernetesGroups: ["kube-entra:cluster-admins"])
            ]
        }
        #expect(try Forge.decide(Forge.token(), settings: settings).access?.isAdmin == true)
    }

    @Test("a remembered token loses it at the very second at which the entry ends")
    func remembered() throws {
        let cache = DecisionCache(.init(entries: 10, maximumAge: 600))
        let authenticator = Authenticator(Self.settings(.deny))
        let (token, keys) = (Forge.hashed(try Forge.token()), try Forge.keys())
        func groups(_ seconds: Int64) -> (isHit: Bool, hasEmergency: Bool) {
            let known = cache.decide(token, by: authenticator, keys: keys, now: Forge.now.adding(seconds: seconds))
            return (known.isHit, known.decision.access?.user.groups.contains("emergency") ?? false)
        }
        #expect(groups(0) == (false, true))
        #expect(groups(119) == (true, true))
        #expect(groups(120) == (false, false))
    }

    @Test("a remembered token is refused at the very second at which its keys become too old")
    func keysAge() throws {
        let cache = DecisionCache(.init(entries: 10, maximumAge: 600))
        let authenticator = Authenticator(Forge.settings())
        let keys = try Forge.keys(usableUntil: Forge.now.adding(seconds: 60))
        let token = Forge.hashed(try Forge.token())
        func reason(_ seconds: Int64) -> RefusalReason? {
            cache.decide(token, by: authenticator, keys: keys, now: Forge.now.adding(seconds: seconds)).decision.reason
        }
        #expect(reason(0) == nil && reason(59) == nil && reason(60) == .keysUnavailable)
    }
}
