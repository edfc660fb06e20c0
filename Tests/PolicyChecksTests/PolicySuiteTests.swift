import Configuration
import EntraTokens
import Jansson
import PolicyChecks
import Testing
import Timestamps

private let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

private func parse(_ text: String) throws -> PolicySuite {
    try PolicySuite.parse(Array(text.utf8), path: "suite.yaml")
}

private func standardChecker() throws -> PolicyChecker {
    PolicyChecker(try TestConfiguration.load().configuration.authentication)
}

@Suite struct PolicySuiteTests {
    @Test func passesWhatIsTrue() throws {
        let suite = try parse(
            """
            tests:
            - name: admins are admins
              given: {groups: [\(TestConfiguration.admins)], user: alice@example.com}
              expect: {admitted: true, admin: true, username: alice@example.com,
                       groups: ['\(TestConfiguration.admins)', 'kube-entra:cluster-admins']}
            - name: viewers view
              given: {app: true, roles: [Cluster.Viewer]}
              expect: {admin: false, groups: [viewers]}
            - name: strangers stay out
              given: {tenantID: \(TestConfiguration.other)}
              expect: {reason: issuer_not_trusted}
            - name: the emergency ends
              at: 2031-01-01T00:00:00Z
              given: {objectID: \(TestConfiguration.rescuer)}
              expect: {admitted: true, groupsExclude: ['kube-entra:cluster-admins']}
            """)
        let result = suite.run(try standardChecker(), now: now)
        #expect(result.text == "")
        #expect(result.cases.count == 4)
        #expect(result.failedCount == 0)
    }

    @Test(arguments: [
        ("admitted: false", "admitted", "false", "true"),
        ("admin: true", "admin", "true", "false"),
        ("username: bob", "username", "bob", "alice"),
        ("groups: [viewers]", "groups", "viewers", "developers, \(TestConfiguration.developers)"),
        ("groupsInclude: [viewers]", "groupsInclude", "viewers", "developers, \(TestConfiguration.developers)"),
        (
            "groupsExclude: [developers]", "groupsExclude", "none of developers",
            "developers, \(TestConfiguration.developers)"
        ),
        ("reason: token_expired", "reason", "token_expired", "admitted"),
    ])
    func showsExpectedAgainstActual(_ expect: String, _ field: String, _ expected: String, _ actual: String) throws {
        let suite = try parse(
            """
            tests:
            - name: wrong
              given: {groups: [\(TestConfiguration.developers)], user: alice}
              expect: {\(expect)}
            """)
        let result = suite.run(try standardChecker(), now: now)
        let mismatch = try #require(result.cases.first?.mismatches.first)
        #expect(mismatch.field == field)
        #expect(mismatch.expected == expected)
        #expect(mismatch.actual == actual)
        #expect(result.text.contains("suite.yaml:2: wrong"))
    }

    @Test(arguments: [
        ("", "suite.yaml:1:1: the file is empty"),
        ("null", "suite.yaml:1:1: tests: is missing: list at least one case"),
        ("- a", "suite.yaml:1:1: must be a mapping of fields, not a list"),
        ("tests: []", "suite.yaml:1:8: tests: must not be empty: a suite without a case proves nothing"),
        ("tests:", "suite.yaml:1:7: tests: is missing: list at least one case"),
        ("test: []", "suite.yaml:1:1: test: is not a field that is known here: did you mean tests?"),
        (
            "tests: [{name: a, given: {user: b}, expect: {admited: true}}]",
            "suite.yaml:1:46: tests[0].expect.admited: is not a field that is known here: did you mean admitted?"
        ),
        (
            "tests: [{name: a, given: {user: b}, expect: {}}]",
            "suite.yaml:1:45: tests[0].expect: must expect something, for example admitted: true"
        ),
        (
            "tests: [{name: a, given: {}, expect: {admitted: true}}]",
            "suite.yaml:1:26: tests[0].given: must say who signs in: claims, groups, user or objectID"
        ),
        (
            "tests: [{name: a, expect: {admitted: true}}]",
            "suite.yaml:1:9: tests[0].given: is missing: say who signs in: claims, groups, user or objectID"
        ),
        (
            "tests: [{name: a, given: {user: b}}]",
            "suite.yaml:1:9: tests[0].expect: is missing: say what becomes of them, for example admitted: true"
        ),
        (
            "tests: [{given: {user: b}, expect: {admin: true}}]",
            "suite.yaml:1:9: tests[0].name: is missing: say what the case shows"
        ),
        (
            "tests: [{name: a, given: {groups: [admins]}, expect: {admin: true}}]",
            "suite.yaml:1:36: tests[0].given.groups[0]: must be a group object ID, for example"
                + " 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed; names are not accepted [group-name-for-id]"
        ),
        (
            "tests: [{name: a, given: {user: b}, expect: {admitted: false, admin: true}}]",
            "suite.yaml:1:45: tests[0].expect: contradicts itself: who is refused has no user name, no groups and no"
                + " admin rights"
        ),
        (
            "tests: [{name: a, given: {claims: {}, user: b}, expect: {admitted: false}}]",
            "suite.yaml:1:45: tests[0].given.user: cannot stand beside claims, which say everything themselves"
        ),
        (
            "tests: [{name: a, given: {claims: {tid: a, tid: b}}, expect: {admitted: false}}]",
            "suite.yaml:1:44: tests[0].given.claims.tid: stands here again; it was set in line 1"
        ),
        (
            "tests: [{name: a, given: {user: b, app: true, kind: guest}, expect: {admitted: false}}]",
            "suite.yaml:1:26: tests[0].given: contradicts itself: app: true and kind: guest"
        ),
        (
            "tests: [{name: a, given: {user: b}, expect: {admin: false}},"
                + " {name: a, given: {user: c}, expect: {admin: false}}]",
            "suite.yaml:1:62: tests[1]: has the name of the case in line 1; give each case its own"
        ),
    ])
    func brokenSuitesAreErrorsAndNoPass(_ text: String, _ expected: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try parse(text) }
        #expect(error?.problems.map(\.description).contains(expected) == true, "\(error?.description ?? "")")
    }

    @Test func aSuiteFromAPrincipalPassesAndNoticesAChange() throws {
        let checker = try standardChecker()
        let admins = try #require(GUID(TestConfiguration.admins))
        let text = PolicySuiteDraft.render(
            .principal(GivenPrincipal(user: "alice@example.com", groups: [admins])), checker: checker, now: now)
        #expect(try parse(text).run(checker, now: now).failedCount == 0)
        let changed = TestConfiguration.standardTenant.replacing(
            TestConfiguration.admins, with: TestConfiguration.other)
        let after = PolicyChecker(try TestConfiguration.load(tenant: changed).configuration.authentication)
        #expect(try parse(text).run(after, now: now).failedCount == 1)
    }

    @Test func aSuiteFromClaimsPassesForEverAndHoldsNoNames() throws {
        let claims = """
            {"iss":"https://sts.windows.net/\(TestConfiguration.tenant)/","aud":"\(TestConfiguration.audience)",\
            "ver":"1.0","tid":"\(TestConfiguration.tenant)","oid":"\(TestConfiguration.other)","appid":"x",\
            "idtyp":"user","upn":"alice@example.com","name":"Alice Doe","groups":["\(TestConfiguration.admins)"],\
            "iat":1799999000,"nbf":1799999000,"exp":1800003600}
            """
        let checker = try standardChecker()
        let document = try JSONDocument(parsing: Array(claims.utf8))
        let text = PolicySuiteDraft.render(.claims(document, resolvedGroups: nil), checker: checker, now: now)
        #expect(!text.contains("Doe"))
        #expect(text.contains("admin: true"))
        let muchLater = Timestamp(secondsSinceEpoch: 1_890_000_000)
        #expect(try parse(text).run(checker, now: muchLater).failedCount == 0, "\(text)")
    }

    @Test func junitCountsAndEscapes() throws {
        let suite = try parse(
            """
            tests:
            - name: "a<b & \\"c\\""
              given: {user: b}
              expect: {admin: true}
            - name: fine
              given: {user: b}
              expect: {admin: false}
            """)
        let xml = JUnitReport.render([suite.run(try standardChecker(), now: now)])
        #expect(xml.contains("<testsuites tests=\"2\" failures=\"1\" errors=\"0\">"))
        #expect(xml.contains("name=\"a&lt;b &amp; &quot;c&quot;\""))
        #expect(xml.contains("admin: expected true, actual false"))
    }
}
