import AccessPolicy
import Entra
import SafeText
import Testing
import Timestamps

@Suite struct AccessPolicyTests {
    static let group = GUID("5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed")

    static func principal(_ name: String?) throws -> EntraPrincipal {
        let id = try #require(GUID("11111111-2222-3333-4444-555555555555"))
        let group = try #require(group)
        return EntraPrincipal(
            tenantID: id, objectID: id, kind: .user, userPrincipalName: name, groups: [group])
    }

    static func decide(_ name: String?, _ kubernetes: KubernetesPolicy) throws -> AccessDecision? {
        AccessPolicy.decide(
            try principal(name), tenant: TenantPolicy(adminGroupObjectIDs: [try #require(group)]),
            kubernetes: kubernetes, now: Timestamp(secondsSinceEpoch: 0))
    }

    @Test(
        "a user name that would be reserved makes no user",
        arguments: [("system:admin", ""), ("tem:admin", "sys"), ("x@example.com", "system:")])
    func reserved(name: String, prefix: String) throws {
        #expect(try Self.decide(name, KubernetesPolicy(usernamePrefix: prefix)) == nil)
    }

    @Test(
        "whoever is in system:masters is admin, by whichever rule",
        arguments: [("system:masters", true), ("system:master", false), ("system:masters2", false)])
    func masters(group: String, isAdmin: Bool) throws {
        let id = try #require(Self.group)
        let tenant = TenantPolicy(groupMappings: [GroupMapping(groupObjectID: id, kubernetesGroups: [group])])
        let access = AccessPolicy.decide(
            try Self.principal("a@example.com"), tenant: tenant, kubernetes: KubernetesPolicy(),
            now: Timestamp(secondsSinceEpoch: 0))
        #expect(access?.isAdmin == isAdmin)
    }

    @Test("an object ID never becomes a reserved group, and a configured name may")
    func reservedGroups() throws {
        let kubernetes = KubernetesPolicy(adminGroups: ["system:masters"], groupPrefix: "system:")
        #expect(try Self.decide("a@example.com", kubernetes)?.user.groups == ["system:masters"])
    }

    private static func id(_ number: Int) throws -> GUID {
        let digits = String(number)
        return try #require(
            GUID("00000000-0000-0000-0000-" + String(repeating: "0", count: 12 - digits.count) + digits))
    }

    @Test("41 rules and 150 groups give what few of them would, in the order of the rules")
    func manyRules() throws {
        var principal = try Self.principal("a@example.com")
        // Every third group of the rules, in another order.
        principal.groups = try [Self.id(9)] + (0..<150).reversed().filter { $0 != 3 }.map { try Self.id($0 * 3) }
        let mappings = try (0..<40).map { number in
            GroupMapping(groupObjectID: try Self.id(number), kubernetesGroups: ["m\(number)"])
        }
        let tenant = TenantPolicy(adminGroupObjectIDs: [try Self.id(9)], groupMappings: mappings)
        let kubernetes = KubernetesPolicy(adminGroups: ["admins"], groupObjectIDs: .drop)
        let access = AccessPolicy.decide(
            principal, tenant: tenant, kubernetes: kubernetes, now: Timestamp(secondsSinceEpoch: 0))
        #expect(access?.isAdmin == true)
        #expect(access?.user.groups == ["admins"] + stride(from: 0, to: 40, by: 3).map { "m\($0)" })
        // Two alone, too.
        principal.groups = [try Self.id(2), try Self.id(1)]
        let two = AccessPolicy.decide(
            principal, tenant: tenant, kubernetes: kubernetes, now: Timestamp(secondsSinceEpoch: 0))
        #expect(two?.user.groups == ["m1", "m2"])
    }

    @Test("rules of a group that is listed twice apply once, however many rules there are", arguments: [0, 40])
    func repeatedGroups(others: Int) throws {
        var principal = try Self.principal("a@example.com")
        let (first, second) = (try Self.id(1), try Self.id(2))
        principal.groups = [second, first, second]
        let mappings =
            [GroupMapping(groupObjectID: second, kubernetesGroups: ["a"])]
            + (try (0..<others).map { GroupMapping(groupObjectID: try Self.id(100 + $0), kubernetesGroups: ["no"]) })
            + [
                GroupMapping(groupObjectID: first, kubernetesGroups: ["b"]),
                GroupMapping(groupObjectID: second, kubernetesGroups: ["c"]),
            ]
        var tenant = TenantPolicy(groupMappings: mappings)
        let kubernetes = KubernetesPolicy(adminGroups: ["admins"], groupObjectIDs: .drop)
        func decide() -> AccessDecision? {
            AccessPolicy.decide(
                principal, tenant: tenant, kubernetes: kubernetes, now: Timestamp(secondsSinceEpoch: 0))
        }
        #expect(decide()?.user.groups == ["a", "b", "c"])
        #expect(decide()?.because.count == 3)
        // A policy that is changed is a policy that is known.
        tenant.adminGroupObjectIDs = [first, first]
        tenant.groupMappings.removeLast()
        #expect(decide()?.user.groups == ["admins", "a", "b"])
    }

    @Test("groups come in the contract's order, each once")
    func order() throws {
        var principal = try Self.principal("a@example.com")
        let (admin, mapped, plain) = (try Self.id(1), try Self.id(2), try Self.id(3))
        principal.groups = [plain, mapped, admin]
        principal.roles = ["Role"]
        let tenant = TenantPolicy(
            adminGroupObjectIDs: [admin],
            groupMappings: [GroupMapping(groupObjectID: mapped, kubernetesGroups: ["mapped", "shared"])],
            appRoleMappings: [AppRoleMapping(appRole: "Role", kubernetesGroups: ["role", "shared"])],
            emergencyAccess: [
                EmergencyEntry(
                    objectID: principal.objectID, until: Timestamp(secondsSinceEpoch: 1),
                    kubernetesGroups: ["emergency", "admins"], reason: "drill")
            ])
        let access = AccessPolicy.decide(
            principal, tenant: tenant, kubernetes: KubernetesPolicy(adminGroups: ["admins"]),
            now: Timestamp(secondsSinceEpoch: 0))
        #expect(
            access?.user.groups == ["admins", "mapped", "shared", "role", "emergency"]
                + principal.groups.map(\.description))
    }

    @Test("upnLowercase changes A to Z in the name alone, and what is reserved is seen afterwards")
    func lowercase() throws {
        let kubernetes = KubernetesPolicy(username: .upnLowercase, usernamePrefix: "Entra:")
        #expect(
            try Self.decide("Ada.LOVELACE@Ex\u{C4}mple.com", kubernetes)?.user.username
                == "Entra:ada.lovelace@ex\u{C4}mple.com")
        #expect(try Self.decide("SYSTEM:admin", KubernetesPolicy(username: .upnLowercase)) == nil)
        #expect(try Self.decide("SYSTEM:admin", KubernetesPolicy(username: .upn))?.user.username == "SYSTEM:admin")
        // In lower case, the kelvin sign becomes k; but not here.
        #expect(try Self.decide("\u{212A}@b", KubernetesPolicy(username: .upnLowercase))?.user.username == "\u{212A}@b")
    }

    @Test("the time of issue stands in extra, as seconds since 1970")
    func issuedAt() throws {
        var principal = try Self.principal("a@example.com")
        principal.issuedAt = Timestamp(secondsSinceEpoch: 1_800_000_000)
        let access = AccessPolicy.decide(
            principal, tenant: TenantPolicy(), kubernetes: KubernetesPolicy(), now: Timestamp(secondsSinceEpoch: 0))
        #expect(access?.user.extra[2] == ExtraEntry(name: "kube-entra.dev/token-issued-at", values: ["1800000000"]))
    }

    @Test("an app role is known by its bytes", arguments: [("Kube.Viewer", true), ("\u{212A}ube.Viewer", false)])
    func appRoles(role: String, isMapped: Bool) throws {
        var principal = try Self.principal("a@example.com")
        principal.roles = [ExactText(role)]
        let mapping = AppRoleMapping(appRole: "Kube.Viewer", kubernetesGroups: ["viewers"])
        let access = AccessPolicy.decide(
            principal, tenant: TenantPolicy(appRoleMappings: [mapping]), kubernetes: KubernetesPolicy(),
            now: Timestamp(secondsSinceEpoch: 0))
        #expect(access?.user.groups.contains("viewers") == isMapped)
    }

    @Test("groups are known by their bytes")
    func groupBytes() throws {
        let id = try #require(Self.group)
        let policy = TenantPolicy(groupMappings: [
            GroupMapping(groupObjectID: id, kubernetesGroups: ["\u{E9}quipe", "e\u{301}quipe", "\u{E9}quipe"])
        ])
        let access = AccessPolicy.decide(
            try Self.principal("a@example.com"), tenant: policy,
            kubernetes: KubernetesPolicy(adminGroups: ["e\u{301}quipe."], groupObjectIDs: .drop),
            now: Timestamp(secondsSinceEpoch: 0))
        #expect(access?.user.groups.map { Array($0.utf8) } == ["\u{E9}quipe", "e\u{301}quipe"].map { Array($0.utf8) })
        #expect(access?.isAdmin == false)
    }

    @Test(
        "upnLowercase lowers A to Z of the UPN and nothing else",
        arguments: [
            ("Anna@Contoso.COM", "E:anna@contoso.com"),
            ("@ABCDEFGHIJKLMNOPQRSTUVWXYZ[", "E:@abcdefghijklmnopqrstuvwxyz["),
            ("\u{C4}NNA@x", "E:\u{C4}nna@x"),
            ("\u{212A}@x", "E:\u{212A}@x"),
        ])
    func lowercase(name: String, username: String) throws {
        let decision = try #require(
            try Self.decide(name, KubernetesPolicy(username: .upnLowercase, usernamePrefix: "E:")))
        #expect(decision.user.username.utf8.elementsEqual(username.utf8))
    }

    @Test("a name is judged as reserved after it was lowered")
    func lowercaseReserved() throws {
        #expect(try Self.decide("SYSTEM:admin@x", KubernetesPolicy(username: .upnLowercase)) == nil)
        #expect(try Self.decide("SYSTEM:admin@x", KubernetesPolicy(username: .upn)) != nil)
    }

    @Test("names and object IDs are prefixed, configured groups are not")
    func prefixes() throws {
        let kubernetes = KubernetesPolicy(usernamePrefix: "entra:", groupPrefix: "g:")
        let access = try Self.decide("a@example.com", kubernetes)
        #expect(access?.user.username == "entra:a@example.com")
        #expect(access?.user.groups == ["kube-entra:cluster-admins", "g:5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"])
        #expect(access?.because.map(\.rule) == [.adminGroup, .groupObjectID])
    }

    @Test("object IDs can be dropped, and users named by theirs")
    func dropped() throws {
        let access = try Self.decide("a@example.com", KubernetesPolicy(username: .oid, groupObjectIDs: .drop))
        #expect(access?.user.username == "11111111-2222-3333-4444-555555555555")
        #expect(access?.user.groups == ["kube-entra:cluster-admins"])
    }
}
