import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import TestSupport
import Testing
import Timestamps

/// What the directory said after the token was issued.
@Suite("Watched principals")
struct WatchedTokenTests {
    private static let tenantID = TestTenant.guid(TestTenant.id)
    private static let objectID = TestTenant.guid(TestTenant.objectID)
    private static let admins = TestTenant.guid(TestTenant.adminGroup)
    private static let developers = TestTenant.guid(TestTenant.developerGroup)
    /// When the token ends, with the skew.
    private static let end = TestTokens.now.adding(seconds: 3660)

    private static func settings(
        _ scope: WatchRule.Scope = .everyone, refuses: Bool = false,
        _ change: (inout TenantConfiguration) -> Void = { _ in }
    ) -> AuthenticationSettings {
        TestTenant.settings {
            $0.watch = WatchRule(scope: scope, refusesInSilence: refuses)
            change(&$0)
        }
    }

    private static func facts(_ known: WatchedPrincipal?, isFull: Bool = false) -> WatchFacts {
        WatchFacts([tenantID: WatchFacts.Tenant(principals: known.map { [objectID: $0] } ?? [:], isFull: isFull)])
    }

    /// One about whom everything is known, with no change.
    private static func known(
        until: Timestamp = end, isSilent: Bool = false, members: [GUID]? = nil,
        account: WatchedPrincipal.Account? = WatchedPrincipal.Account(isEnabled: true)
    ) -> WatchedPrincipal {
        WatchedPrincipal(
            version: 7, until: until, isFirstAnswerDue: false, isSilent: isSilent,
            membership: WatchedPrincipal.Membership(asked: [admins, developers], members: members ?? [admins]),
            account: account)
    }

    private static func decide(
        _ known: WatchedPrincipal?, settings: AuthenticationSettings = settings(), isFull: Bool = false,
        claims: [(String, JSON?)] = []
    ) throws -> Decision {
        let token = TestDecision.hashed(try TestTokens.token(claims: claims))
        return Authenticator(settings).decide(
            token, keys: try TestTenant.keys(), now: TestTokens.now, watch: facts(known, isFull: isFull))
    }

    private static let interest = WatchInterest(tenantID: tenantID, objectID: objectID, kind: .user, until: end)

    @Test("the directory's answer replaces the token's membership in the groups that it was asked about")
    func membership() throws {
        let decision = try Self.decide(Self.known(members: [Self.developers]))
        #expect(decision.access?.isAdmin == false)
        #expect(decision.access?.user.groups == ["developers", TestTenant.plainGroup, TestTenant.developerGroup])
        #expect(decision.watchVersion == 7 && decision.watch == nil && !decision.awaitsFirstAnswer)
    }

    @Test("a member who is one already is not one twice")
    func memberOnce() throws {
        let groups = try Self.decide(Self.known(members: [Self.admins])).access?.user.groups
        #expect(groups == ["kube-entra:cluster-admins", TestTenant.plainGroup, TestTenant.adminGroup])
    }

    @Test("a disabled account is refused, with emergency access too")
    func disabled() throws {
        let disabled = Self.known(account: WatchedPrincipal.Account(isEnabled: false))
        #expect(try Self.decide(disabled).reason == .accountDisabled)
        let emergency = Self.settings { $0.policy.emergencyAccess = [Self.emergency(["admins"])] }
        #expect(try Self.decide(disabled, settings: emergency).reason == .accountDisabled)
    }

    @Test(
        "sessions are revoked for tokens from before, and for tokens that do not say when", arguments: [-1, 0, 1, nil])
    func sessions(offset: Int64?) throws {
        let issued = TestTokens.now.adding(seconds: -300)
        let account = WatchedPrincipal.Account(
            isEnabled: true, sessionsValidFrom: issued.adding(seconds: offset ?? -1000))
        let decision = try Self.decide(
            Self.known(account: account), claims: offset == nil ? [("iat", nil)] : [])
        #expect(decision.reason == (offset ?? 1 > 0 ? .sessionsRevoked : nil))
    }

    private static func emergency(_ groups: [String]) -> EmergencyEntry {
        EmergencyEntry(objectID: objectID, until: end, kubernetesGroups: groups, reason: "drill")
    }

    @Test("somebody new is watched from now on, and waited for")
    func firstReview() throws {
        let decision = try Self.decide(nil)
        #expect(decision.access != nil && decision.watch == Self.interest && decision.awaitsFirstAnswer)
        let full = try Self.decide(nil, isFull: true)
        #expect(full.access != nil && full.watch == nil && !full.awaitsFirstAnswer)
        let refusing = try Self.decide(nil, settings: Self.settings(refuses: true))
        #expect(refusing.reason == .groupResolutionFailed && refusing.watch == Self.interest)
        #expect(refusing.awaitsFirstAnswer && refusing.groupResolution == nil)
    }

    @Test("somebody whose first answer is due is waited for")
    func firstAnswerDue() throws {
        let waiting = WatchedPrincipal(version: 7, until: Self.end)
        let decision = try Self.decide(waiting)
        #expect(decision.access?.isAdmin == true && decision.awaitsFirstAnswer && decision.watch == Self.interest)
        let refusing = try Self.decide(waiting, settings: Self.settings(refuses: true))
        #expect(refusing.reason == .groupResolutionFailed && refusing.awaitsFirstAnswer)
    }

    @Test("in a silence the last answer stays, or the principal is refused, emergency access apart")
    func silence() throws {
        let silent = Self.known(isSilent: true)
        #expect(try Self.decide(silent).access?.isAdmin == true)
        #expect(try Self.decide(silent, settings: Self.settings(refuses: true)).reason == .groupResolutionFailed)
        #expect(try Self.decide(Self.known(), settings: Self.settings(refuses: true)).reason == nil)
        let emergency = Self.settings(refuses: true) { $0.policy.emergencyAccess = [Self.emergency(["rescuers"])] }
        #expect(try Self.decide(silent, settings: emergency).access?.user.groups.contains("rescuers") == true)
    }

    @Test("emergency access goes without groups, and the directory's answer still takes them away")
    func emergencyAndMembership() throws {
        let settings = Self.settings {
            $0.trust.groupOverage = .deny
            $0.policy.emergencyAccess = [Self.emergency(["rescuers"])]
        }
        let decision = try Self.decide(
            Self.known(members: [Self.developers]), settings: settings,
            claims: [("_claim_names", .object([("groups", "src1")]))])
        #expect(decision.access?.user.groups.contains("rescuers") == true)
        #expect(decision.access?.user.groups.contains("developers") == true)
        #expect(decision.access?.isAdmin == false)
    }

    @Test("where admins are watched, nobody else is")
    func scope() throws {
        let settings = Self.settings(.admins, refuses: true)
        let plain: [(String, JSON?)] = [("groups", .array([.string(TestTenant.plainGroup)]))]
        #expect(try Self.decide(nil, settings: settings).reason == .groupResolutionFailed)
        let decision = try Self.decide(nil, settings: settings, claims: plain)
        #expect(decision.reason == nil && decision.watch == nil && !decision.awaitsFirstAnswer)
        let rescued = Self.settings(.admins, refuses: true) {
            $0.policy.emergencyAccess = [Self.emergency(["kube-entra:cluster-admins"])]
        }
        #expect(try Self.decide(nil, settings: rescued, claims: plain).watch == Self.interest)
        let others = Self.settings(.admins, refuses: true) {
            $0.policy.emergencyAccess = [Self.emergency(["rescuers"])]
        }
        #expect(try Self.decide(nil, settings: others, claims: plain).watch == nil)
        // Somebody else's entry, and one that has ended.
        for (objectID, until) in [(Self.admins, Self.end), (Self.objectID, TestTokens.now)] {
            let none = Self.settings(.admins, refuses: true) {
                $0.policy.emergencyAccess = [
                    EmergencyEntry(
                        objectID: objectID, until: until, kubernetesGroups: ["kube-entra:cluster-admins"],
                        reason: "drill")
                ]
            }
            #expect(try Self.decide(nil, settings: none, claims: plain).watch == nil)
        }
    }

    @Test("a token that ends later is watched for longer, and one that does not is not asked for again")
    func longer() throws {
        #expect(try Self.decide(Self.known(until: Self.end.adding(seconds: -1))).watch == Self.interest)
        #expect(try Self.decide(Self.known(until: Self.end)).watch == nil)
        let disabled = Self.known(
            until: Self.end.adding(seconds: -1), account: WatchedPrincipal.Account(isEnabled: false))
        #expect(try Self.decide(disabled).watch == Self.interest)
        // One who is refused for something else is not watched.
        #expect(try Self.decide(nil, claims: [("aud", "another")]).watch == nil)
    }

    @Test("nobody is watched without a rule, and no device")
    func unwatched() throws {
        let disabled = Self.known(account: WatchedPrincipal.Account(isEnabled: false))
        #expect(try Self.decide(disabled, settings: TestTenant.settings()).reason == nil)
        let devices = Self.settings { $0.trust.subjects.insert(.device) }
        let decision = try Self.decide(disabled, settings: devices, claims: [("idtyp", "device")])
        #expect(decision.reason == nil && decision.watch == nil)
    }

    @Test("whoever found too many watched is watched from the first review after there is room")
    func roomAgain() throws {
        let cache = DecisionCache(.init(entries: 10, maximumAge: .seconds(600)))
        let authenticator = Authenticator(Self.settings())
        let token = TestDecision.hashed(try TestTokens.token())
        let keys = try TestTenant.keys()
        func decide(_ facts: WatchFacts) -> (decision: Decision, isHit: Bool) {
            cache.decide(token, by: authenticator, keys: keys, now: TestTokens.now, watch: facts)
        }
        #expect(decide(Self.facts(nil, isFull: true)).decision.watch == nil)
        #expect(decide(Self.facts(nil, isFull: true)).isHit)
        let (decision, isHit) = decide(Self.facts(nil))
        #expect(!isHit && decision.watch == Self.interest && decision.awaitsFirstAnswer)
    }
}
