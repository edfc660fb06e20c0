import AccessPolicy
import Authentication
import Entra
import EntraTokens
import SafeText
import TestSupport
import Testing
import Timestamps

/// What ends access while the API server still remembers the sign-in.
@Suite("Access reviews")
struct AccessReviewTests {
    private static let tenantID = TestTenant.guid(TestTenant.id)
    private static let objectID = TestTenant.guid(TestTenant.objectID)
    private static let admins = TestTenant.guid(TestTenant.adminGroup)
    private static let developers = TestTenant.guid(TestTenant.developerGroup)
    private static let issued: Int64 = 1_799_999_700

    private static func user(
        _ groups: [String] = ["kube-entra:cluster-admins"], _ changes: [ExactText: [String]?] = [:]
    ) -> ReviewedUser {
        var extra: [ExactText: [String]] = [
            "oid": [TestTenant.objectID], "kube-entra.dev/tenant-id": [TestTenant.id],
            "kube-entra.dev/token-issued-at": [String(issued)], "kube-entra.dev/client-app-id": [TestTenant.client],
            "authentication.kubernetes.io/credential-id": ["JTI=abc"],
        ]
        for (name, value) in changes { extra[name] = value }
        return ReviewedUser(groups: groups, extra: extra)
    }

    private static func known(
        members: [GUID]? = nil, asked: [GUID] = [admins, developers],
        account: WatchedPrincipal.Account? = nil
    ) -> WatchFacts {
        WatchFacts([
            tenantID: WatchFacts.Tenant(principals: [
                objectID: WatchedPrincipal(
                    version: 1, until: Timestamp(secondsSinceEpoch: .max),
                    membership: members.map { WatchedPrincipal.Membership(asked: asked, members: $0) },
                    account: account)
            ])
        ])
    }

    private static func reason(
        _ user: ReviewedUser = user(), watch: WatchFacts = .none, now: Timestamp = TestTokens.now,
        isWatched: Bool = true,
        kubernetes: KubernetesPolicy = KubernetesPolicy(), change: (inout TenantConfiguration) -> Void = { _ in }
    ) -> RefusalReason? {
        var settings = TestTenant.settings {
            if isWatched { $0.watch = WatchRule(scope: .everyone, refusesInSilence: true) }
            change(&$0)
        }
        settings.kubernetes = kubernetes
        return Authenticator(settings).denial(of: user, watch: watch, now: now)?.reason
    }

    private static func deny(_ target: DeniedEntry.Target, issuedBefore: Int64? = nil) -> (inout TenantConfiguration)
        -> Void
    {
        { tenant in
            tenant.policy.denied = [
                DeniedEntry(
                    target: target,
                    issuedBefore: issuedBefore.map { Timestamp(secondsSinceEpoch: $0) }, reason: "drill")
            ]
        }
    }

    @Test("whoever has lost nothing is not denied, and neither is anybody who is not Entra's")
    func noOpinion() {
        #expect(Self.reason() == nil)
        #expect(Self.reason(watch: Self.known(members: [Self.admins])) == nil)
        let deny = Self.deny(.objectID(Self.objectID))
        for missing: ExactText in ["oid", "kube-entra.dev/tenant-id"] {
            #expect(Self.reason(Self.user([], [missing: nil]), change: deny) == nil)
        }
        #expect(Self.reason(Self.user([], ["kube-entra.dev/tenant-id": [TestTenant.otherID]]), change: deny) == nil)
        #expect(Self.reason(Self.user([], ["oid": [TestTenant.plainGroup]]), change: deny) == nil)
    }

    @Test("an entry of the deny list denies by object ID, client application and token")
    func denied() {
        #expect(Self.reason(change: Self.deny(.objectID(Self.objectID))) == .principalDenied)
        #expect(Self.reason(change: Self.deny(.clientAppID(TestTenant.guid(TestTenant.client)))) == .principalDenied)
        #expect(Self.reason(change: Self.deny(.tokenID("abc"))) == .principalDenied)
        #expect(Self.reason(change: Self.deny(.tokenID("JTI=abc"))) == nil)
        // The first character of the ID combines with the last one before it.
        let combined = Self.user([], ["authentication.kubernetes.io/credential-id": ["JTI=\u{301}abc"]])
        #expect(Self.reason(combined, change: Self.deny(.tokenID("\u{301}abc"))) == .principalDenied)
        #expect(Self.reason(change: Self.deny(.objectID(Self.admins))) == nil)
        let other = Self.user([], ["authentication.kubernetes.io/credential-id": ["XYZ=abc"]])
        #expect(Self.reason(other, change: Self.deny(.tokenID("abc"))) == nil)
        // One of several values is enough.
        let two = Self.user([], ["oid": [TestTenant.plainGroup, TestTenant.objectID]])
        #expect(Self.reason(two, change: Self.deny(.objectID(Self.objectID))) == .principalDenied)
    }

    @Test(
        "an entry for older tokens denies those, and tokens whose time is missing or cannot be read",
        arguments: [
            ([String(issued)], nil), ([String(issued - 1)], .principalDenied), (nil, .principalDenied),
            (["x"], .principalDenied), ([String(issued), "x"], .principalDenied),
            ([String(issued + 5), String(issued - 1)], .principalDenied), ([], .principalDenied),
        ] as [([String]?, RefusalReason?)])
    func issuedBefore(times: [String]?, expected: RefusalReason?) {
        let user = Self.user([], ["kube-entra.dev/token-issued-at": times])
        #expect(Self.reason(user, change: Self.deny(.objectID(Self.objectID), issuedBefore: Self.issued)) == expected)
    }

    @Test("an account that was disabled, or whose sessions were revoked, is denied where it is watched")
    func account() {
        let disabled = Self.known(account: WatchedPrincipal.Account(isEnabled: false))
        #expect(Self.reason(watch: disabled) == .accountDisabled)
        #expect(Self.reason(watch: disabled, isWatched: false) == nil)
        func revoked(_ offset: Int64) -> WatchFacts {
            let from = Timestamp(secondsSinceEpoch: Self.issued + offset)
            return Self.known(account: WatchedPrincipal.Account(isEnabled: true, sessionsValidFrom: from))
        }
        #expect(Self.reason(watch: revoked(1)) == .sessionsRevoked)
        #expect(Self.reason(watch: revoked(0)) == nil)
        #expect(Self.reason(watch: disabled, change: Self.deny(.objectID(Self.objectID))) == .principalDenied)
    }

    @Test("of several reasons the one that comes first is the answer")
    func precedence() {
        let disabled = Self.known(account: WatchedPrincipal.Account(isEnabled: false))
        for objectIDs in [[TestTenant.objectID, TestTenant.plainGroup], [TestTenant.plainGroup, TestTenant.objectID]] {
            let deny = Self.deny(.objectID(TestTenant.guid(TestTenant.plainGroup)))
            let user = Self.user([], ["oid": objectIDs])
            #expect(Self.reason(user, watch: disabled, change: deny) == .principalDenied)
        }
    }

    @Test("a Kubernetes group that no membership gives any more is denied")
    func membership() {
        let lost = Self.known(members: [Self.developers])
        #expect(Self.reason(watch: lost) == .membershipEnded)
        #expect(Self.reason(Self.user(["developers"]), watch: lost) == nil)
        #expect(Self.reason(Self.user([TestTenant.adminGroup]), watch: lost) == .membershipEnded)
        #expect(Self.reason(Self.user(["x:" + TestTenant.adminGroup]), watch: lost) == nil)
        #expect(
            Self.reason(
                Self.user(["x:" + TestTenant.adminGroup]), watch: lost, kubernetes: KubernetesPolicy(groupPrefix: "x:"))
                == .membershipEnded)
        #expect(
            Self.reason(
                Self.user([TestTenant.adminGroup]), watch: lost, kubernetes: KubernetesPolicy(groupObjectIDs: .drop))
                == nil)
        // No configured group, so the directory was not asked about it.
        #expect(Self.reason(Self.user([TestTenant.plainGroup, "Developers"]), watch: lost) == nil)
        #expect(Self.reason(watch: Self.known(members: [], asked: [Self.developers])) == nil)
    }

    @Test("a group that something else gives stays")
    func otherGivers() {
        let lost = Self.known(members: [])
        #expect(
            Self.reason(watch: lost) {
                $0.policy.appRoleMappings = [
                    AppRoleMapping(appRole: "Admin", kubernetesGroups: ["kube-entra:cluster-admins"])
                ]
            } == nil)
        #expect(
            Self.reason(watch: lost) { $0.policy.emergencyAccess = [Self.emergency(["kube-entra:cluster-admins"])] }
                == nil)
        #expect(
            Self.reason(watch: lost) {
                $0.policy.emergencyAccess = [Self.emergency(["kube-entra:cluster-admins"], until: TestTokens.now)]
            } == .membershipEnded)
        #expect(
            Self.reason(watch: Self.known(members: [Self.developers])) {
                $0.policy.groupMappings[0].kubernetesGroups = ["developers", "kube-entra:cluster-admins"]
            } == nil)
    }

    private static func emergency(
        _ groups: [String], until: Timestamp = TestTokens.now.adding(seconds: 1), of objectID: GUID = objectID,
        reason: String = "drill"
    ) -> EmergencyEntry {
        EmergencyEntry(objectID: objectID, until: until, kubernetesGroups: groups, reason: reason)
    }

    @Test("an entry that a reload took away takes its groups with it, although another entry stays")
    func removedEmergencyEntry() {
        func reason(_ groups: [String], _ entries: [EmergencyEntry]) -> RefusalReason? {
            let user = Self.user(groups, ["kube-entra.dev/emergency-access": ["drill", "incident"]])
            return Self.reason(user) { $0.policy.emergencyAccess = entries }
        }
        let drill = Self.emergency(["rescuers"])
        let incident = Self.emergency(["repairers"], reason: "incident")
        let groups = ["rescuers", "repairers", "developers", "system:authenticated", TestTenant.plainGroup]
        #expect(reason(groups, [drill, incident]) == nil)
        #expect(reason(groups, [drill]) == .emergencyAccessEnded)
        #expect(reason(groups, [incident]) == .emergencyAccessEnded)
        // Nothing of it is left: another entry gives it, or a mapping, or the token itself.
        #expect(reason(groups.filter { $0 != "repairers" }, [drill]) == nil)
        #expect(reason(groups, [Self.emergency(["rescuers", "repairers"])]) == nil)
        // A reason that was only written anew gives what the old one gave.
        #expect(reason(groups, [drill, Self.emergency(["repairers"], reason: "incident 4711")]) == nil)
    }

    @Test("emergency access ends at its second, with the groups that only it gave")
    func emergencyAccess() {
        let user = Self.user(["rescuers", "developers"], ["kube-entra.dev/emergency-access": ["drill"]])
        func reason(_ entries: [EmergencyEntry], now: Timestamp = TestTokens.now) -> RefusalReason? {
            Self.reason(user, now: now) { $0.policy.emergencyAccess = entries }
        }
        #expect(reason([Self.emergency(["rescuers"])]) == nil)
        #expect(reason([Self.emergency(["rescuers"])], now: TestTokens.now.adding(seconds: 1)) == .emergencyAccessEnded)
        #expect(reason([]) == .emergencyAccessEnded)
        #expect(reason([Self.emergency(["rescuers"], of: Self.admins)]) == .emergencyAccessEnded)
        let ended = Self.emergency(["rescuers"], until: TestTokens.now)
        #expect(reason([ended, Self.emergency(["others"])]) == .emergencyAccessEnded)
        #expect(reason([ended, Self.emergency(["rescuers"])]) == nil)
        // What a mapping gives as well was not the entry's alone.
        #expect(reason([Self.emergency(["developers"], until: TestTokens.now), Self.emergency(["rescuers"])]) == nil)
        let viewer = Self.user(["viewers"], ["kube-entra.dev/emergency-access": ["drill"]])
        #expect(
            Self.reason(viewer) {
                $0.policy.emergencyAccess = [
                    Self.emergency(["viewers"], until: TestTokens.now), Self.emergency(["others"]),
                ]
            } == nil)
        // At its end it is over, whatever else gives the same group.
        #expect(reason([Self.emergency(["developers"], until: TestTokens.now)]) == .emergencyAccessEnded)
        // A name in the form of an object ID is a group's only where a group of that ID is configured.
        let named = Self.user([TestTenant.plainGroup], ["kube-entra.dev/emergency-access": ["drill"]])
        #expect(
            Self.reason(named) {
                $0.policy.emergencyAccess = [
                    Self.emergency([TestTenant.plainGroup], until: TestTokens.now), Self.emergency(["others"]),
                ]
            } == .emergencyAccessEnded)
        // Who did not use it has nothing to lose.
        #expect(Self.reason(Self.user(["developers"])) { $0.policy.emergencyAccess = [ended] } == nil)
    }

    @Test("a token's own object ID, or what the API server adds, is nothing that a mapping can take away")
    func ownGroupsStay() {
        let user = Self.user([TestTenant.plainGroup, "system:authenticated"])
        let mapping = GroupMapping(
            groupObjectID: Self.developers, kubernetesGroups: [TestTenant.plainGroup, "system:authenticated", "lost"])
        let watch = Self.known(members: [])
        #expect(Self.reason(user, watch: watch) { $0.policy.groupMappings = [mapping] } == nil)
        let lost = Self.user([TestTenant.plainGroup, "lost"])
        #expect(Self.reason(lost, watch: watch) { $0.policy.groupMappings = [mapping] } == .membershipEnded)
        let masters = GroupMapping(groupObjectID: Self.developers, kubernetesGroups: ["system:masters"])
        #expect(
            Self.reason(Self.user(["system:masters"]), watch: watch) { $0.policy.groupMappings = [masters] }
                == .membershipEnded)
    }

    @Test("of two tenants that deny, the graver reason is the answer, in either order", arguments: [false, true])
    func twoTenants(isReversed: Bool) {
        var settings = TestTenant.settings { $0.watch = WatchRule(scope: .everyone, refusesInSilence: true) }
        settings.tenants[1].policy.denied = [DeniedEntry(target: .objectID(Self.objectID), reason: "drill")]
        if isReversed { settings.tenants.reverse() }
        let user = Self.user(
            ["kube-entra:cluster-admins"], ["kube-entra.dev/tenant-id": [TestTenant.id, TestTenant.otherID]])
        let denial = Authenticator(settings).denial(of: user, watch: Self.known(members: []), now: TestTokens.now)
        #expect(denial?.reason == .principalDenied && denial?.tenantID == TestTenant.guid(TestTenant.otherID))
    }

    @Test("a second application or token, which only who impersonates can add, is denied as well")
    func furtherValues() {
        let client = TestTenant.guid(TestTenant.plainGroup)
        let two = Self.user(
            [],
            [
                "kube-entra.dev/client-app-id": [TestTenant.client, client.description],
                "authentication.kubernetes.io/credential-id": ["JTI=abc", "JTI=def"],
            ])
        #expect(Self.reason(two, change: Self.deny(.clientAppID(client))) == .principalDenied)
        #expect(Self.reason(two, change: Self.deny(.tokenID("def"))) == .principalDenied)
        #expect(Self.reason(two, change: Self.deny(.tokenID("ghi"))) == nil)
    }

    @Test(
        "values that are repeated, or that there are very many of, cost no more than reading them",
        .timeLimit(.minutes(5)))
    func manyValues() {
        let ids = (0..<20_000).map { number in
            let digits = String(number, radix: 16)
            return "00000000-0000-0000-0000-" + String(repeating: "0", count: 12 - digits.count) + digits
        }
        let times = [String](repeating: String(Self.issued), count: ids.count)
        let many = Self.user(
            ids,
            [
                "oid": ids, "kube-entra.dev/client-app-id": ids, "kube-entra.dev/token-issued-at": times,
                "authentication.kubernetes.io/credential-id": ids.map { "JTI=\($0)" },
            ])
        let deny = Self.deny(.objectID(Self.objectID))
        #expect(Self.reason(many, change: deny) == nil)
        let repeated = Self.user(
            [],
            ["oid": [String](repeating: TestTenant.objectID, count: 20_000), "kube-entra.dev/token-issued-at": times])
        #expect(Self.reason(repeated, watch: Self.known(members: [Self.admins])) == nil)
    }
}
