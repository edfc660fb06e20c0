import Configuration
import Entra
import Files
import SafeText
import Testing
import Timestamps

@Suite struct ConfigurationLinterTests {
    static let now = Timestamp(secondsSinceEpoch: 1_796_000_000)

    static let clean = """
        apiVersion: kube-entra.dev/v1
        kind: WebhookConfiguration
        server:
          certificate: server.crt
          privateKey: server.key
          clientCA: ca.crt
        tenants:
          - tenantID: 11111111-2222-3333-4444-555555555555
            audiences: [aaaaaaaa-0000-0000-0000-000000000000]
            subjects: [user]
            adminGroupObjectIDs: [5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed]

        """

    static func lint(_ text: String, facts: LintEnvironment = LintEnvironment(now: now)) throws -> [LintFinding] {
        let loaded = try ConfigurationLoader.parse(Array(text.utf8), path: "/config.yaml")
        // Most of these files are not about keys or deny lists.
        return ConfigurationLinter.findings(in: loaded, facts: facts).filter {
            ![.keysAreNotKept, .noDenyList].contains($0.rule)
        }
    }

    @Test("each tenant without a deny list is named, at its place, unless its keys are brought by hand")
    func noDenyList() throws {
        let third = Self.second.split(separator: "99999999").joined(separator: "88888888")
        let other = Self.second + ", deniedFile: d.json}\n" + third + ", signingKeys: {file: k.json}}\n"
        let loaded = try ConfigurationLoader.parse(Array((Self.clean + other).utf8), path: "/config.yaml")
        let findings = ConfigurationLinter.findings(in: loaded, facts: LintEnvironment(now: Self.now)).filter {
            $0.rule == .noDenyList
        }
        #expect(findings.map(\.field) == ["tenants[0].deniedFile"] && findings.map(\.line) == [8])
        #expect(findings.allSatisfy { $0.severity == .notice && $0.advice.contains("deniedFile: denied.json") })
    }

    @Test(
        "keys that are fetched and not kept are named, keys in a file are not",
        arguments: [
            ("", true), ("    signingKeys: {file: k.json}\n", false), ("    signingKeys: {cacheFile: c.json}\n", false),
        ])
    func keysAreNotKept(line: String, isFound: Bool) throws {
        let loaded = try ConfigurationLoader.parse(Array((Self.clean + line).utf8), path: "/config.yaml")
        let findings = ConfigurationLinter.findings(in: loaded, facts: LintEnvironment(now: Self.now))
        #expect(findings.map(\.rule).filter { $0 != .noDenyList } == (isFound ? [.keysAreNotKept] : []))
    }

    static let second = "  - {tenantID: 99999999-2222-3333-4444-555555555555, audiences: [x]"
    static let group = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
    static let emergency = "    emergencyAccess: [{objectID: 7777aaaa-bbbb-cccc-dddd-eeeeffff0000, "

    @Test("a sensible file has no finding")
    func nothing() throws {
        #expect(try Self.lint(Self.clean).isEmpty)
    }

    @Test(
        "each unwise thing is found at its place",
        arguments: unwise)
    func finds(name: String, replaced: String, replacement: String, rule: LintRule, line: Int) throws {
        let parts = Self.clean.split(separator: replaced, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        let findings = try Self.lint(parts.joined(separator: replacement))
        let finding = try #require(findings.first { $0.rule == rule }, "\(findings.map(\.rule))")
        #expect(finding.line == line)
        #expect(finding.allowedBecause == nil)
    }

    @Test(
        "an application ID URI needs the ID alone beside it",
        arguments: [
            ("api://\(application)", true), ("\(other), api://\(application)", true),
            ("api://\(application), \(application)", false), ("'spn:\(application)', api://\(application)", true),
            ("api://cluster", false), ("api://\(application)/x", false), ("'spn:\(application)'", false),
        ])
    func audienceIsURI(audiences: String, isFound: Bool) throws {
        let findings = try Self.lint(Self.clean.replacing("[\(Self.application)]", with: "[\(audiences)]"))
        #expect(findings.map(\.rule) == (isFound ? [.audienceIsURI] : []))
        #expect(findings.allSatisfy { $0.advice == "list both, here and \(Self.application)" })
    }

    static let application = "aaaaaaaa-0000-0000-0000-000000000000"
    private static let other = "bbbbbbbb-0000-0000-0000-000000000000"

    @Test("what lies outside the file is judged by its facts")
    func facts() throws {
        func rules(_ change: (inout LintEnvironment) -> Void, _ text: String = Self.clean) throws -> [LintRule] {
            var facts = LintEnvironment(now: Self.now)
            change(&facts)
            return try Self.lint(text, facts: facts).map(\.rule)
        }
        #expect(try rules { $0.certificateExpires = Self.now.adding(seconds: 29 * 86_400) } == [.certificateExpires])
        #expect(try rules { $0.certificateExpires = Self.now.adding(seconds: 31 * 86_400) } == [])
        #expect(try rules { $0.certificateNames = ["localhost"] } == [.certificateLacksName])
        #expect(try rules { $0.certificateNames = [] } == [.certificateLacksName])
        #expect(try rules { $0.certificateNames = ["127.0.0.1"] } == [])
        #expect(try rules { $0.keyFileMode = 0o644 } == [.keyIsReadable])
        #expect(try rules { $0.keyFileMode = 0o640 } == [])
        #expect(try rules { $0.certificateNames = ["127.0.0.1", "x"] } == [])
        let named = Self.clean.split(separator: "  clientCA: ca.crt").joined(
            separator: "  clientCA: ca.crt\n  listen: hook.cluster.example:8443")
        #expect(try rules({ $0.certificateNames = ["*.cluster.example"] }, named) == [])
        #expect(try rules({ $0.certificateNames = ["*.example"] }, named) == [.certificateLacksName])
        #expect(try rules { $0.otherCertificates = ["server.clientCA": Self.now] } == [.certificateExpires])
        #expect(try rules { $0.filesWithoutCA = ["tenants[0].authorityCA": true] } == [.authorityCAIsNoCA])
        #expect(try rules { $0.secretModes = ["server.clientCA": 0o604] } == [.keyIsReadable])
        #expect(try rules { $0.unusableFiles = ["server.clientCA": "x: there is no such file"] } == [.fileUnusable])
        #expect(try rules { $0.sharedClientAuthorities = ["kubernetes"] } == [.callersAreMany])
        let narrow = Self.clean.split(separator: "  clientCA: ca.crt").joined(
            separator: "  clientCA: ca.crt\n  allowedClientNames: [kube-apiserver]")
        #expect(try rules({ $0.sharedClientAuthorities = ["kubernetes"] }, narrow) == [])
        #expect(try rules { $0.sharedFolders = ["server.privateKey": "/tmp"] } == [.fileIsShared])
        #expect(try rules { $0.sharedFolders = ["": "/tmp"] } == [.fileIsShared])
        #expect(try rules { $0.untrustedFiles = ["server.clientCA"] } == [.fileIsShared])
        let offline = Self.clean + "    signingKeys: {file: /keys.json}\n"
        #expect(
            try rules({ $0.keyFileTimes = ["/keys.json": Self.now.adding(seconds: -31 * 86_400)] }, offline) == [
                .offlineKeysAreOld
            ])
        #expect(try rules({ $0.keyFileTimes = ["/keys.json": Self.now.adding(seconds: -86_400)] }, offline) == [])
        #expect(try rules({ $0.missingFiles = ["/keys.json"] }, offline) == [.fileIsMissing])
        #expect(try rules({ $0.missingFiles = ["/other.json"] }, offline) == [])
    }

    @Test(
        "files that are read later are looked for",
        arguments: [
            ("authorityCA: /x/y", "authorityCA", "/x/y"), ("signingKeys: {file: /x/y}", "signingKeys.file", "/x/y"),
            ("signingKeys: {cacheFile: /x/y}", "signingKeys.cacheFile", "/x/y"),
            (
                "groupOverage: resolve\n    directory: {clientID: bbbbbbbb-0000-0000-0000-000000000000, "
                    + "clientSecretFile: /x/y}", "directory.clientSecretFile", "/x/y"
            ),
            (
                "groupOverage: resolve\n    directory: {clientID: bbbbbbbb-0000-0000-0000-000000000000, "
                    + "clientCertificateFile: /x/y}", "directory.clientCertificateFile", "/x/y"
            ),
            (
                "groupOverage: resolve\n    directory: {clientID: bbbbbbbb-0000-0000-0000-000000000000, "
                    + "federatedTokenFile: /x/y}", "directory.federatedTokenFile", "/x/y"
            ),
            (
                "groupOverage: resolve\n    directory: {managedIdentity: true, graphCA: /x/y}", "directory.graphCA",
                "/x/y"
            ),
        ])
    func missing(line: String, field: String, path: String) throws {
        let text = Self.clean + "    \(line)\n"
        let found = try Self.lint(text, facts: LintEnvironment(now: Self.now, missingFiles: [path]))
        let finding = try #require(found.first { $0.rule == .fileIsMissing })
        #expect(finding.field == "tenants[0].\(field)")
        #expect(finding.line == 1 + text.split(separator: "\n", omittingEmptySubsequences: false).count - 2)
        #expect(try Self.lint(text).allSatisfy { $0.rule != .fileIsMissing })
    }

    @Test("the reference lists every rule with its purpose", arguments: LintRule.allCases)
    func listed(rule: LintRule) throws {
        let root = #filePath.split(separator: "/").dropLast(4).map { "/" + $0 }.joined()
        let reference = String(decoding: try FileIO.read(root + "/deploy/reference/lint-rules.md"), as: UTF8.self)
        #expect(reference.contains("| `\(rule.rawValue)` | \(rule.severity.rawValue) | \(rule.purpose) |"))
    }

    @Test("who becomes admin by a mapping is an admin too")
    func adminsByMapping() throws {
        let text = Self.clean.split(separator: "adminGroupObjectIDs: [\(Self.group)]").joined(
            separator: "appRoleMappings: [{appRole: r, kubernetesGroups: ['kube-entra:cluster-admins']}]")
        #expect(try Self.lint(text).map(\.rule) == [.mappingGivesAdmin])
    }

    @Test("the starting file has no finding that its own comments do not answer")
    func template() throws {
        let id = try #require(GUID("11111111-2222-3333-4444-555555555555"))
        let group = try #require(GUID(Self.group))
        for audience in ["api://my \"cluster\"", "5", "1e5", "true", "a\\b", "x: y", "# z"] {
            let text = ConfigurationTemplate(
                tenantID: id, audiences: [audience], adminGroups: [group], certificates: "a b: c"
            ).render()
            let loaded = try ConfigurationLoader.parse(Array(text.utf8), path: "/config.yaml")
            #expect(loaded.configuration.tenants.first?.trust.audiences == [ExactText(audience)])
            #expect(loaded.configuration.server.clientCA == "/a b: c/client-ca.crt")
            // The command accepts no such audience.
            let findings = ConfigurationLinter.findings(in: loaded, facts: LintEnvironment(now: Self.now)).filter {
                $0.rule != .audienceInNoToken
            }
            #expect(findings.allSatisfy { $0.allowedBecause != nil }, "\(findings)")
        }
    }

    @Test("several comments in a block, behind the value and with CRLF silence their rules")
    func comments() throws {
        func lint(_ comment: String) throws -> [String?] {
            let text = Self.clean.split(separator: "    subjects: [user]").joined(separator: comment)
            return try Self.lint(text).map(\.allowedBecause)
        }
        let subjects = "    subjects: [user, guest, app]"
        #expect(
            try lint(
                "    # kube-entra:allow guests-can-be-admins one\n    # kube-entra:allow apps-can-be-admins two\n\(subjects)"
            )
                == ["one", "two"])
        #expect(
            try lint(
                "\(subjects) # kube-entra:allow guests-can-be-admins one # kube-entra:allow apps-can-be-admins two")
                == ["one", "two"])
        #expect(try lint("    # kube-entra:allow guests-can-be-admins one\r\n\(subjects)\r") == ["one", nil])
        #expect(try lint("\(subjects)\n    # kube-entra:allow guests-can-be-admins one") == [nil, nil])
    }

    @Test("a comment with a reason silences its rule at its place")
    func allowed() throws {
        let text = Self.clean.split(separator: "    subjects: [user]").joined(
            separator:
                "    # kube-entra:allow guests-can-be-admins partners run this cluster\n    subjects: [user, guest]")
        #expect(try Self.lint(text).map(\.allowedBecause) == ["partners run this cluster"])
        let elsewhere =
            "# kube-entra:allow guests-can-be-admins partners run this cluster\n"
            + Self.clean.split(separator: "[user]").joined(separator: "[user, guest]")
        #expect(try Self.lint(elsewhere).map(\.allowedBecause) == [nil])
    }
}
