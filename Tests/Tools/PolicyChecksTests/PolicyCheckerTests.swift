import AccessPolicy
import Authentication
import Configuration
import Entra
import Jansson
import PolicyChecks
import Testing
import Timestamps

private let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

private func id(_ text: String) throws -> GUID { try #require(GUID(text)) }

@Suite struct PolicyCheckerTests {
    private func checker(_ tenant: String = TestConfiguration.standardTenant, rest: String = "") throws -> PolicyChecker
    {
        PolicyChecker(try TestConfiguration.load(tenant: tenant, rest: rest).configuration.authentication)
    }

    @Test("each group comes with the rules that gave it")
    func namesTheRulesThatGaveEachGroup() throws {
        let principal = HypotheticalPrincipal(
            user: "alice@example.com",
            groups: [try id(TestConfiguration.developers), try id(TestConfiguration.admins)])
        let answer = try checker().answer(.principal(principal), now: now)
        #expect(answer.isAdmin)
        #expect(answer.access?.user.username == "alice@example.com")
        #expect(
            answer.access?.because == [
                Grant(rule: .adminGroup, matched: TestConfiguration.admins, gives: ["kube-entra:cluster-admins"]),
                Grant(rule: .groupMapping, matched: TestConfiguration.developers, gives: ["developers"]),
                Grant(
                    rule: .groupObjectID, matched: TestConfiguration.developers, gives: [TestConfiguration.developers]),
                Grant(rule: .groupObjectID, matched: TestConfiguration.admins, gives: [TestConfiguration.admins]),
            ])
    }

    @Test("a user without groups is admitted, and is not an admin")
    func admitsSomebodyWithoutGroupsButNotAsAdmin() throws {
        let answer = try checker().answer(.principal(HypotheticalPrincipal()), now: now)
        #expect(answer.isAdmitted)
        #expect(!answer.isAdmin)
        #expect(answer.access?.user.groups == [])
    }

    @Test(
        "each kind of principal is judged as such",
        arguments: [
            (SubjectKind.user, "user"), (.guest, "guest"), (.app, "app"), (.managedIdentity, "managedIdentity"),
            (.agent, "agent"), (.device, "device"),
        ])
    func eachKindIsJudgedAsSuch(_ kind: SubjectKind, _ name: String) throws {
        let everyone = TestConfiguration.standardTenant + "\nsubjects: [\(name)]"
        let answer = try checker(everyone).answer(.principal(HypotheticalPrincipal(kind: kind)), now: now)
        #expect(answer.isAdmitted)
        #expect(answer.kind == kind)
    }

    @Test("a kind of principal that may not sign in is refused")
    func refusesAKindThatMayNotSignIn() throws {
        let people = TestConfiguration.standardTenant + "\nsubjects: [user]"
        let answer = try checker(people).answer(.principal(HypotheticalPrincipal(kind: .app)), now: now)
        #expect(answer.reason == .subjectKindNotAllowed)
        #expect(!answer.isAdmitted)
        #expect(answer.json.text().contains("\"reason\":\"subject_kind_not_allowed\""))
        #expect(answer.json.text().contains("\"user\":null"))
    }

    @Test("a hypothetical token meets what the configuration requires")
    func meetsWhatTheConfigurationRequiresOfTokens() throws {
        let strict =
            TestConfiguration.standardTenant + """

                requiredClaims: { acrs: [c1, c2], scp: cluster.use }
                allowedClientAppIDs: [bbbbbbbb-0000-0000-0000-000000000000]
                maximumTokenLifetime: 60s
                proofOfPossession: require
                clusterHost: cluster.example
                """
        #expect(try checker(strict).answer(.principal(HypotheticalPrincipal()), now: now).reason == nil)
    }

    @Test(
        "what the question leaves open is right, in the form that the claim must have",
        arguments: [
            ("roles: [Cluster.User]", SubjectKind.user), ("roles: Cluster.User", .app), ("ver: '2.0'", .user),
            ("ver: ['2.0', '1.0']", .user), ("ver: '1.0'", .app), ("aud: api://x", .user),
            ("aud: 'spn:\(TestConfiguration.audience)'", .user), ("aud: [a, api://x]", .user),
            ("iss: 'https://sts.windows.net/\(TestConfiguration.tenant)/'", .user),
            ("iss: 'https://login.microsoftonline.com/\(TestConfiguration.tenant)/v2.0'", .user),
            ("ver: '2.0', azp: bbbbbbbb-0000-0000-0000-000000000000", .user),
            ("azp: bbbbbbbb-0000-0000-0000-000000000000", .managedIdentity), ("azpacr: '1'", .user),
            ("appid: [x, BBBBBBBB-0000-0000-0000-000000000000]", .user), ("appidacr: ['1', '2']", .app),
            ("groups: \(TestConfiguration.other)", .user), ("wids: x", .user), ("amr: [mfa]", .user),
            ("acrs: [c1]", .guest), ("acct: 0", .user), ("acct: 1", .guest), ("idtyp: app", .app),
            ("scp: [a, b]", .user), ("upn: a@b", .user), ("oid: \(TestConfiguration.other)", .user),
            ("hasgroups: false", .user), ("xms_idrel: '1 7'", .user), ("xms_idrel: '5 7'", .guest),
            ("xms_idrel: ['1 7', '33 1']", .managedIdentity), ("xms_idrel: ['33 1', '1 7']", .app),
            ("idp: [live.com, 'https://sts.windows.net/\(TestConfiguration.tenant)/']", .user),
            ("idp: ['https://sts.windows.net/\(TestConfiguration.tenant)/', live.com]", .guest),
            ("xms_sub_fct: ['7 13']", .agent), ("xms_act_fct: ['11', '7']", .user), ("auth_time: 1", .user),
            ("x: 1.5", .user), ("x: [true]", .app),
            ("x: 'true'", .user), ("tid: \(TestConfiguration.tenant)", .device),
        ])
    func fillsRequiredClaims(_ required: String, _ kind: SubjectKind) throws {
        let tenant =
            TestConfiguration.standardTenant.replacing("audiences: [", with: "audiences: [api://x, ") + """

                requiredClaims: { \(required) }
                subjects: [user, guest, app, managedIdentity, agent, device]
                """
        let answer = try checker(tenant).answer(.principal(HypotheticalPrincipal(kind: kind)), now: now)
        #expect(answer.reason == nil, "\(answer.malformedClaims)")
        #expect(answer.kind == kind)
        #expect(!answer.isAdmin)
    }

    @Test(
        "what the question says, and what no such token has, is not made up",
        arguments: [
            ("roles: [Cluster.User]", HypotheticalPrincipal(roles: ["Other"]), RefusalReason.requiredClaimMismatch),
            ("ver: '3.0'", HypotheticalPrincipal(), .requiredClaimMismatch),
            ("aud: elsewhere", HypotheticalPrincipal(), .requiredClaimMismatch),
            ("idtyp: app", HypotheticalPrincipal(), .requiredClaimMismatch),
            ("acct: 1", HypotheticalPrincipal(), .requiredClaimMismatch),
            ("acct: '0'", HypotheticalPrincipal(), .requiredClaimMismatch),
            ("upn: a@b", HypotheticalPrincipal(user: "c@d"), .requiredClaimMismatch),
            ("hasgroups: true", HypotheticalPrincipal(), .requiredClaimMissing),
            ("xms_idrel: '5'", HypotheticalPrincipal(), .requiredClaimMissing),
            ("cnf: x", HypotheticalPrincipal(), .requiredClaimMissing),
            ("groups: \(TestConfiguration.other)", HypotheticalPrincipal(hasGroupOverage: true), .requiredClaimMissing),
        ])
    func makesNothingUp(_ required: String, _ principal: HypotheticalPrincipal, _ reason: RefusalReason) throws {
        let tenant = TestConfiguration.standardTenant + "\nrequiredClaims: { \(required) }"
        #expect(try checker(tenant).answer(.principal(principal), now: now).reason == reason)
    }

    @Test("of several possible values those that give nothing are taken")
    func prefersValuesThatGiveNothing() throws {
        let tenant =
            TestConfiguration.standardTenant + """

                requiredClaims:
                  roles: [Cluster.Viewer, Cluster.User]
                  groups: [\(TestConfiguration.admins), \(TestConfiguration.developers), \(TestConfiguration.other)]
                  oid: [\(TestConfiguration.rescuer), \(TestConfiguration.other)]
                """
        let answer = try checker(tenant).answer(.principal(HypotheticalPrincipal()), now: now)
        #expect(answer.access?.user.groups == [TestConfiguration.other])
    }

    @Test("left-out groups are treated as the server treats them")
    func asksForOverageLikeTheServer() throws {
        let principal = HypotheticalPrincipal(groups: [try id(TestConfiguration.admins)], hasGroupOverage: true)
        #expect(try checker().answer(.principal(principal), now: now).reason == .groupOverage)
        let ignoring = TestConfiguration.standardTenant + "\ngroupOverage: ignore"
        #expect(try checker(ignoring).answer(.principal(principal), now: now).isAdmin == false)
        let resolving =
            TestConfiguration.standardTenant
            + "\ngroupOverage: resolve\ndirectory: { managedIdentity: true }"
        #expect(try checker(resolving).answer(.principal(principal), now: now).isAdmin)
    }

    @Test("emergency access ends with its entry")
    func emergencyAccessEndsWithItsEntry() throws {
        let rescuer = HypotheticalPrincipal(objectID: try id(TestConfiguration.rescuer), kind: .app)
        let answer = try checker().answer(.principal(rescuer), now: now)
        #expect(answer.isAdmin)
        #expect(answer.access?.emergencyReason == "incident 4711")
        #expect(answer.text.contains("emergency access: incident 4711"))
        let later = Timestamp(secondsSinceEpoch: 1_900_000_000)
        #expect(try checker().answer(.principal(rescuer), now: later).isAdmin == false)
    }

    @Test("an unknown tenant is refused")
    func refusesAnUnknownTenant() throws {
        let stranger = HypotheticalPrincipal(tenantID: try id(TestConfiguration.other))
        #expect(try checker().answer(.principal(stranger), now: now).reason == .issuerNotTrusted)
    }

    @Test(
        "claims are judged as they are",
        arguments: [
            ("{}", RefusalReason.claimsMalformed), ("[]", .claimsMalformed),
            ("{\"iss\":\"https://evil.example/\"}", .claimsMalformed),
        ])
    func claimsAreTakenAsTheyAre(_ text: String, _ reason: RefusalReason) throws {
        let document = try JSONDocument(parsing: Array(text.utf8))
        let answer = try checker().answer(.claims(document, resolvedGroups: nil), now: now)
        #expect(answer.reason == reason)
        #expect(answer.text.contains("claim"))
    }

    @Test("control characters do not reach the terminal")
    func controlCharactersReachNoTerminal() throws {
        let tricky = TestConfiguration.standardTenant.replacing("developers]", with: "\"dev\\u202eels\"]")
        let principal = HypotheticalPrincipal(groups: [try id(TestConfiguration.developers)])
        let answer = try checker(tricky).answer(.principal(principal), now: now)
        #expect(!answer.text.unicodeScalars.contains("\u{202E}"))
        #expect(answer.text.contains("dev\u{FFFD}els"))
    }
}
