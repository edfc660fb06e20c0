import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import TestSupport
import Testing
import Timestamps

@Suite struct AcceptedTokenTests {
    @Test("a version 1.0 user in an admin group becomes the whole Kubernetes user")
    func wholeUser() throws {
        let decision = try TestDecision.decide(TestTokens.token(claims: [("roles", .array(["Cluster.Viewer"]))]))
        let access = try #require(decision.access)
        #expect(access.isAdmin)
        #expect(access.user.username == "ada@example.com")
        #expect(access.user.uid == TestTenant.objectID)
        #expect(
            access.user.groups == [
                "kube-entra:cluster-admins", "viewers", TestTenant.plainGroup, TestTenant.adminGroup,
            ])
        #expect(
            access.user.extra == [
                ExtraEntry(name: "oid", values: [TestTenant.objectID]),
                ExtraEntry(name: "kube-entra.dev/tenant-id", values: [TestTenant.id]),
                ExtraEntry(
                    name: "kube-entra.dev/token-issued-at",
                    values: [String(TestTokens.now.secondsSinceEpoch - 300)]),
                ExtraEntry(name: "kube-entra.dev/client-app-id", values: [TestTenant.client]),
                ExtraEntry(name: "kube-entra.dev/subject-kind", values: ["user"]),
                ExtraEntry(name: "kube-entra.dev/admin-group-object-id", values: [TestTenant.adminGroup]),
                ExtraEntry(name: "authentication.kubernetes.io/credential-id", values: ["JTI=abc_DEF-1"]),
            ])
        #expect(decision.subject.keyID == "k1")
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        let claims: [(String, JSON?)]
        let kind: SubjectKind
        let username: String
        var testDescription: String { name }
    }

    static let v2: [(String, JSON?)] = [
        ("ver", "2.0"), ("iss", .string("https://login.microsoftonline.com/\(TestTenant.id)/v2.0")), ("appid", nil),
        ("appidacr", nil), ("azp", .string(TestTenant.client)),
    ]

    static let cases = [
        Case(name: "v2 user with a upn", claims: v2, kind: .user, username: "ada@example.com"),
        Case(name: "v2 user without a upn", claims: v2 + [("upn", nil)], kind: .user, username: TestTenant.objectID),
        Case(
            name: "preferred_username names nobody", claims: v2 + [("upn", nil), ("preferred_username", "root@evil")],
            kind: .user, username: TestTenant.objectID),
        Case(name: "guest by idp", claims: [("idp", "live.com")], kind: .guest, username: TestTenant.objectID),
        Case(
            name: "the tenant's own idp is no guest",
            claims: [("idp", .string("https://sts.windows.net/\(TestTenant.id)/"))], kind: .user,
            username: "ada@example.com"),
        Case(name: "guest by acct", claims: [("acct", .integer(1))], kind: .guest, username: TestTenant.objectID),
        Case(name: "member by acct", claims: [("acct", .integer(0))], kind: .user, username: "ada@example.com"),
        Case(
            name: "guest by #EXT#", claims: [("upn", "ada_home.example#EXT#@example.com")], kind: .guest,
            username: TestTenant.objectID),
        Case(
            name: "guest by _EXT_@", claims: [("upn", "ada_home.example_EXT_@example.com")], kind: .guest,
            username: TestTenant.objectID),
        Case(
            name: "guest by _ext_@ in lower case", claims: [("upn", "ada_home.example_ext_@example.com")], kind: .guest,
            username: TestTenant.objectID),
        Case(
            name: "_EXT_ elsewhere in a name is nobody's mark", claims: [("upn", "a_EXT_b@example.com")], kind: .user,
            username: "a_EXT_b@example.com"),
        Case(
            name: "guest by #EXT# and a mark", claims: [("upn", "ada_home.example#ext#\u{301}@example.com")],
            kind: .guest, username: TestTenant.objectID),
        Case(name: "guest by relation", claims: [("xms_idrel", "5 14")], kind: .guest, username: TestTenant.objectID),
        Case(
            name: "app by idtyp", claims: [("idtyp", "app"), ("scp", nil), ("upn", nil)], kind: .app,
            username: TestTenant.objectID),
        Case(
            name: "an app with a upn is named by object ID", claims: [("idtyp", "app"), ("scp", nil)], kind: .app,
            username: TestTenant.objectID),
        Case(
            name: "app without idtyp", claims: [("scp", nil), ("upn", nil)], kind: .app, username: TestTenant.objectID),
        Case(
            name: "managed identity by resource",
            claims: [("idtyp", "app"), ("scp", nil), ("upn", nil), ("xms_mirid", "/subscriptions/x")],
            kind: .managedIdentity, username: TestTenant.objectID),
        Case(
            name: "managed identity by relation",
            claims: [("idtyp", "app"), ("scp", nil), ("upn", nil), ("xms_idrel", "7 33")], kind: .managedIdentity,
            username: TestTenant.objectID),
        Case(
            name: "spn: audience", claims: [("aud", .string("spn:\(TestTenant.audience)"))], kind: .user,
            username: "ada@example.com"),
        Case(
            name: "a 28-hour token", claims: [("exp", .integer(TestTokens.now.secondsSinceEpoch + 28 * 3600))],
            kind: .user,
            username: "ada@example.com"),
        Case(
            name: "a token of exactly 29 hours",
            claims: [("exp", .integer(TestTokens.now.secondsSinceEpoch - 300 + 29 * 3600))], kind: .user,
            username: "ada@example.com"),
        Case(
            name: "expired, to the second before the skew",
            claims: [("exp", .integer(TestTokens.now.secondsSinceEpoch - 59))], kind: .user, username: "ada@example.com"
        ),
        Case(
            name: "not valid for another minute, the skew exactly",
            claims: [("nbf", .integer(TestTokens.now.secondsSinceEpoch + 60))], kind: .user, username: "ada@example.com"
        ),
        Case(
            name: "a claim named at makes no envelope of it", claims: [("at", "x.y.z")], kind: .user,
            username: "ada@example.com"),
        Case(name: "guest by #ext#", claims: [("upn", "ada_h#ext#@b")], kind: .guest, username: TestTenant.objectID),
        Case(
            name: "user by idtyp, without scopes and name", claims: [("idtyp", "user"), ("scp", nil), ("upn", nil)],
            kind: .user, username: TestTenant.objectID),
        Case(
            name: "user without idtyp, by its scopes", claims: [("upn", nil)], kind: .user,
            username: TestTenant.objectID),
        Case(
            name: "a upn in the form of an object ID", claims: [("upn", .string(TestTenant.adminGroup))], kind: .user,
            username: TestTenant.objectID),
        Case(
            name: "a claim in other case means nothing", claims: [("Tid", "x"), ("OID", "y")], kind: .user,
            username: "ada@example.com"),
    ]

    @Test("each kind of principal is recognised and named", arguments: cases)
    func kinds(sent: Case) throws {
        let decision = try TestDecision.decide(TestTokens.token(claims: sent.claims))
        #expect(decision.reason == nil)
        #expect(decision.access?.user.username == sent.username)
        #expect(decision.subject.kind == sent.kind)
    }

    @Test("groups come in the contract's order and without repetition")
    func groupOrder() throws {
        let settings = TestTenant.settings { rules in
            rules.policy.groupMappings.append(
                GroupMapping(
                    groupObjectID: TestTenant.guid(TestTenant.plainGroup), kubernetesGroups: ["developers", "plain"]))
            rules.policy.emergencyAccess = [
                EmergencyEntry(
                    objectID: TestTenant.guid(TestTenant.objectID), until: TestTokens.now.adding(seconds: 1),
                    kubernetesGroups: ["breakers", "plain"], reason: "incident")
            ]
        }
        let groups = JSON([
            TestTenant.plainGroup, "a name", TestTenant.developerGroup.uppercased(), TestTenant.adminGroup,
            TestTenant.plainGroup,
        ])
        let token = try TestTokens.token(claims: [("groups", groups), ("roles", .array(["Cluster.Viewer", "Other"]))])
        let access = try #require(try TestDecision.decide(token, settings: settings).access)
        #expect(
            access.user.groups == [
                "kube-entra:cluster-admins", "developers", "plain", "viewers", "breakers", TestTenant.plainGroup,
                TestTenant.developerGroup, TestTenant.adminGroup,
            ])
        #expect(access.emergencyReason == "incident")
    }

    @Test("emergency access needs neither groups nor time beyond its end")
    func emergency() throws {
        let settings = TestTenant.settings { rules in
            rules.policy.emergencyAccess = [
                EmergencyEntry(
                    objectID: TestTenant.guid(TestTenant.objectID), until: TestTokens.now.adding(seconds: 10),
                    kubernetesGroups: ["kube-entra:cluster-admins"], reason: "incident")
            ]
        }
        let token = try TestTokens.token(claims: [("groups", nil), ("hasgroups", .bool(true))])
        #expect(try TestDecision.decide(token, settings: settings).access?.isAdmin == true)
        #expect(
            try TestDecision.decide(token, settings: settings, now: TestTokens.now.adding(seconds: 10)).reason
                == .groupOverage)
    }

    @Test("overage is ignored, resolved or refused as configured")
    func overage() throws {
        let token = try TestTokens.token(claims: [
            ("groups", nil), ("_claim_names", .object([("groups", "src1")])),
            ("_claim_sources", .object([("src1", .object([("endpoint", "http://169.254.169.254/")]))])),
        ])
        #expect(try TestDecision.decide(token).reason == .groupOverage)
        let ignoring = TestTenant.settings { $0.trust.groupOverage = .ignore }
        #expect(try TestDecision.decide(token, settings: ignoring).access?.user.groups == [])
        let resolving = TestTenant.settings { $0.trust.groupOverage = .resolve }
        let first = try TestDecision.decide(token, settings: resolving)
        #expect(first.reason == .groupResolutionFailed)
        #expect(first.groupResolution?.objectID == TestTenant.guid(TestTenant.objectID))
        let second = try TestDecision.decide(
            token, settings: resolving, resolvedGroups: [TestTenant.guid(TestTenant.adminGroup)])
        #expect(second.access?.isAdmin == true)
    }

    @Test("every cloud and an own authority have their issuers", arguments: Cloud.allCases)
    func clouds(cloud: Cloud) throws {
        let settings = TestTenant.settings { $0.trust.cloud = cloud }
        let trust = settings.tenants[0].trust
        for (version, client) in [(TokenVersion.v1, "appid"), (.v2, "azp")] {
            let token = try TestTokens.token(claims: [
                ("iss", .string(trust.issuer(version))), ("ver", .string(version.rawValue)), ("appid", nil),
                (client, .string(TestTenant.client)),
            ])
            #expect(try TestDecision.decide(token, settings: settings).reason == nil)
        }
        let own = TestTenant.settings { $0.trust.authority = "https://entra.example:8443" }
        let token = try TestTokens.token(claims: [("iss", .string("https://entra.example:8443/\(TestTenant.id)/"))])
        #expect(try TestDecision.decide(token, settings: own).reason == nil)
    }
}
