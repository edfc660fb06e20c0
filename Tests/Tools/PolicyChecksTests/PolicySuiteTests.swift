import Configuration
import Entra
import Jansson
import PolicyChecks
import TestSupport
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
    @Test("a suite of true expectations passes")
    func passesWhatIsTrue() throws {
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

    @Test(
        "a failed expectation shows the expected and the actual value",
        arguments: [
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

    @Test(
        "a broken suite is an error and never passes",
        arguments: [
            ("", "suite.yaml:1:1: error: the file is empty"),
            ("null", "suite.yaml:1:1: error: tests: is missing: list at least one case"),
            ("- a", "suite.yaml:1:1: error: must be a mapping of fields, not a list"),
            ("tests: []", "suite.yaml:1:8: error: tests: must not be empty: a suite without a case proves nothing"),
            ("tests:", "suite.yaml:1:7: error: tests: is missing: list at least one case"),
            ("test: []", "suite.yaml:1:1: error: test: is not a field that is known here: did you mean tests?"),
            (
                "tests: [{name: a, given: {user: b}, expect: {admited: true}}]",
                "suite.yaml:1:46: error: tests[0].expect.admited: is not a field that is known here: did you mean admitted?"
            ),
            (
                "tests: [{name: a, given: {user: b}, expect: {}}]",
                "suite.yaml:1:45: error: tests[0].expect: must expect something, for example admitted: true"
            ),
            (
                "tests: [{name: a, given: {}, expect: {admitted: true}}]",
                "suite.yaml:1:26: error: tests[0].given: must say who signs in: claims, groups, user or objectID"
            ),
            (
                "tests: [{name: a, expect: {admitted: true}}]",
                "suite.yaml:1:9: error: tests[0].given: is missing: say who signs in: claims, groups, user or objectID"
            ),
            (
                "tests: [{name: a, given: {user: b}}]",
                "suite.yaml:1:9: error: tests[0].expect: is missing: say what becomes of them, for example admitted: true"
            ),
            (
                "tests: [{given: {user: b}, expect: {admin: true}}]",
                "suite.yaml:1:9: error: tests[0].name: is missing: say what the case shows"
            ),
            (
                "tests: [{name: a, given: {groups: [admins]}, expect: {admin: true}}]",
                "suite.yaml:1:36: error: tests[0].given.groups[0]: must be a group object ID, for example"
                    + " 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed; names are not accepted [group-name-for-id]"
            ),
            (
                "tests: [{name: a, given: {user: b}, expect: {admitted: false, admin: true}}]",
                "suite.yaml:1:45: error: tests[0].expect: contradicts itself: who is refused has no user name, no groups and no"
                    + " admin rights"
            ),
            (
                "tests: [{name: a, given: {claims: {}, user: b}, expect: {admitted: false}}]",
                "suite.yaml:1:45: error: tests[0].given.user: cannot stand beside claims, which say everything themselves"
            ),
            (
                "tests: [{name: a, given: {claims: {tid: a, tid: b}}, expect: {admitted: false}}]",
                "suite.yaml:1:44: error: tests[0].given.claims.tid: stands here again; it was set in line 1"
            ),
            (
                "tests: [{name: good, given: {user: b}, expect: {admitted: true}}, "
                    + "{name: a, given: {claims: {\"a\\0b\": 1}}, expect: {admitted: true}}]",
                "suite.yaml:1:94: error: tests[1].given.claims: must not have a name with control characters"
            ),
            (
                "tests: [{name: a, given: {claims: {x: [{\"\\0\": 1}]}}, expect: {admitted: true}}]",
                "suite.yaml:1:41: error: tests[0].given.claims.x[0]: must not have a name with control characters"
            ),
            (
                "tests: [{name: a, given: {user: b, app: true, kind: guest}, expect: {admitted: false}}]",
                "suite.yaml:1:26: error: tests[0].given: contradicts itself: app: true and kind: guest"
            ),
            (
                "tests: [{name: a, given: {user: b}, expect: {admin: false}},"
                    + " {name: a, given: {user: c}, expect: {admin: false}}]",
                "suite.yaml:1:62: error: tests[1]: has the name of the case in line 1; give each case its own"
            ),
        ])
    func brokenSuitesAreErrorsAndNoPass(_ text: String, _ expected: String) throws {
        let error = #expect(throws: ConfigurationError.self) { try parse(text) }
        #expect(error?.problems.map(\.description).contains(expected) == true, "\(error?.description ?? "")")
    }

    /// An escape turns one byte into six, so claims in a file can be larger than a token allows.
    @Test("claims that are too large for a token are an error")
    func claimsThatAreTooLargeForATokenAreAnError() throws {
        let long = String(repeating: "\\a", count: 200_000)
        let text = "tests: [{name: a, given: {claims: {x: \"\(long)\"}}, expect: {admitted: false}}]"
        let error = #expect(throws: ConfigurationError.self) { try parse(text) }
        let expected =
            "suite.yaml:1:35: error: tests[0].given.claims: cannot be claims of a token: this JSON is too large"
        #expect(error?.problems.map(\.description) == [expected])
    }

    /// As in `serve`, which does not ask the directory about malformed groups.
    @Test("malformed groups are refused even when the directory knows them")
    func malformedGroupsAreRefusedAlsoWhenTheDirectoryKnowsBetter() throws {
        let resolving =
            TestConfiguration.standardTenant + "\ngroupOverage: resolve\ndirectory: { managedIdentity: true }"
        let checker = PolicyChecker(try TestConfiguration.load(tenant: resolving).configuration.authentication)
        let claims = """
            {"iss":"https://sts.windows.net/\(TestConfiguration.tenant)/","aud":"\(TestConfiguration.audience)",\
            "ver":"1.0","tid":"\(TestConfiguration.tenant)","oid":"\(TestConfiguration.other)","appid":"x",\
            "idtyp":"user","groups":GROUPS,"_claim_names":{"groups":"src1"},\
            "iat":1799999000,"nbf":1799999000,"exp":1800003600}
            """
        for (groups, reason) in [("7", RefusalReason.groupsMalformed), ("[7]", .groupsMalformed), ("[]", nil)] {
            let document = try JSONDocument(parsing: Array(claims.replacing("GROUPS", with: groups).utf8))
            let admins = try #require(GUID(TestConfiguration.admins))
            #expect(checker.answer(.claims(document, resolvedGroups: [admins]), now: now).reason == reason)
        }
    }

    @Test("a suite that is made of a principal passes, and notices a change")
    func aSuiteFromAPrincipalPassesAndNoticesAChange() throws {
        let checker = try standardChecker()
        let admins = try #require(GUID(TestConfiguration.admins))
        let text = PolicySuiteDraft.render(
            .principal(HypotheticalPrincipal(user: "alice@example.com", groups: [admins])), checker: checker, now: now)
        #expect(try parse(text).run(checker, now: now).failedCount == 0)
        let changed = TestConfiguration.standardTenant.replacing(
            TestConfiguration.admins, with: TestConfiguration.other)
        let after = PolicyChecker(try TestConfiguration.load(tenant: changed).configuration.authentication)
        #expect(try parse(text).run(after, now: now).failedCount == 1)
    }

    @Test("a suite that is made of claims passes at any time and has no names")
    func aSuiteFromClaimsPassesForEverAndHoldsNoNames() throws {
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

    @Test("whatever a claim holds, the suite that is made of it reads as the same", arguments: 0..<40)
    func readsBackWhatItWrites(seed: UInt64) throws {
        var values = UnusualValues(seed: seed)
        let tenant = TestConfiguration.standardTenant + "\nrequiredClaims: { x: y }"
        let checker = PolicyChecker(try TestConfiguration.load(tenant: tenant).configuration.authentication)
        let x = values.json(depth: 4)
        let claims = JSON.object([("oid", .string(values.text())), ("x", x), ("exp", .integer(1))])
        let document = try JSONDocument(parsing: claims.render())
        let text = PolicySuiteDraft.render(.claims(document, resolvedGroups: nil), checker: checker, now: now)
        #expect(text.unicodeScalars.allSatisfy { $0 == "\n" || $0.value >= 32 && !(127...159).contains($0.value) })
        let suite = try parse(text)
        guard case .claims(let read, _) = try #require(suite.cases.first).question else {
            Issue.record("no claims")
            return
        }
        #expect(JSON(read.root).text() == JSON(document.root).text(), "\(text)")
        #expect(suite.run(checker, now: now).failedCount == 0)
    }

    @Test("every character in a suite reads back")
    func everyCharacterReadsBack() throws {
        let checker = PolicyChecker(
            try TestConfiguration.load(tenant: TestConfiguration.standardTenant + "\nrequiredClaims: { x: y }")
                .configuration.authentication)
        let all = (1...0x10FFFF).filter { $0 < 0x3100 || $0 & 0xFFF > 0xFF0 || $0 & 0xFFF < 4 }
            .compactMap { Unicode.Scalar($0 as Int) }
        for start in stride(from: 0, to: all.count, by: 4000) {
            let text = String(String.UnicodeScalarView(all[start..<min(start + 4000, all.count)]))
            let document = try JSONDocument(parsing: JSON.object([("x", .string(text))]).render())
            let suite = try parse(
                PolicySuiteDraft.render(.claims(document, resolvedGroups: nil), checker: checker, now: now))
            guard case .claims(let read, _) = try #require(suite.cases.first).question else {
                Issue.record("no claims")
                continue
            }
            #expect(read.root["x"]?.string.map { Array($0.utf8) } == Array(text.utf8))
        }
    }

    @Test("JUnit XML has the right counts and escapes names")
    func junitCountsAndEscapes() throws {
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

/// Values for claims, the unusual ones first.
private struct UnusualValues {
    var random: SplitMix

    init(seed: UInt64) { random = SplitMix(seed: seed) }

    private static let pieces = [
        "\u{7F}", "\u{85}", "\u{80}", "\u{9F}", "\u{A0}", "\u{AD}", "\u{1}", "\u{1B}[2J", "\n", "\r", "\t", "\u{2028}",
        "\u{2029}", "\u{202E}", "\u{FEFF}", "\u{FFFD}", "\u{FFFE}", "\u{FFFF}", "\u{E000}", "\u{1F600}", "\u{1FFFE}",
        "\u{E0001}", "\u{10FFFF}", "\"", "'", "\\", ": ", " #", "- ", "{", "}", "[", "]", ",", "&a", "*a", "!!str ",
        "%",
        "@", "`", "|", ">", "?", "~", "null", "yes", "1e3", "0x1F", "1_000", "2026-12-01", "<<", "=", ".inf", " ", "a",
    ]

    mutating func text() -> String {
        let text = (0..<Int.random(in: 0...8, using: &random))
            .map { _ in Self.pieces.randomElement(using: &random) ?? "" }.joined()
        return Int.random(in: 0..<12, using: &random) == 0 ? String(repeating: text + "x", count: 900) : text
    }

    mutating func json(depth: Int) -> JSON {
        switch Int.random(in: 0..<(depth == 0 ? 6 : 9), using: &random) {
        case 0, 1: return .string(text())
        case 2: return .integer([0, -1, .max, .min, 7].randomElement(using: &random) ?? 0)
        case 3: return .real([0.5, 1e300, -2.5e-7, 1e22, 3].randomElement(using: &random) ?? 0)
        case 4: return .bool(Bool.random(using: &random))
        case 5: return .null
        case 6: return .array((0..<3).map { _ in json(depth: depth - 1) })
        default:
            return .object((0..<3).map { index in (text() + "\(index)", json(depth: depth - 1)) })
        }
    }
}
