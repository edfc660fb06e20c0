import Configuration
import Entra
import Jansson
import PolicyChecks
import Testing
import Timestamps

private let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

/// A configuration with every field, so that each can be changed once.
private let full = """
    apiVersion: kube-entra.dev/v1
    kind: WebhookConfiguration
    server:
      listen: 127.0.0.1:8443
      eventLoops: 2
      operations: 127.0.0.1:8480
      certificate: server.crt
      privateKey: server.key
      clientCA: ca.crt
      allowedClientNames: [apiserver]
      protocols: [http/1.1, h2]
    tenants:
      - tenantID: 11111111-2222-3333-4444-555555555555
        cloud: public
        authority: https://login.example
        authorityCA: authority.crt
        audiences: [aaaaaaaa-0000-0000-0000-000000000000]
        allowedClientAppIDs: [cccccccc-0000-0000-0000-000000000000]
        subjects: [user, app]
        requiredClaims: { acrs: [c1] }
        maximumTokenLifetime: 29h
        adminGroupObjectIDs: [5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed]
        groupMappings:
          - groupObjectID: 9999aaaa-bbbb-cccc-dddd-eeeeffff0000
            kubernetesGroups: [developers]
        appRoleMappings:
          - appRole: Cluster.Viewer
            kubernetesGroups: [viewers]
        groupOverage: deny
        directory:
          clientID: bbbbbbbb-0000-0000-0000-000000000000
          clientSecretFile: secret
          groups: configured
          timeout: 2s
          cacheFor: 5m
          staleFor: 0s
          graphEndpoint: https://graph.example
          graphCA: graph.crt
          watch: admins
          watchEvery: 30s
          whenSilent: keep
        denied:
          - objectID: 6666aaaa-bbbb-cccc-dddd-eeeeffff0000
            until: 2030-01-01T00:00:00Z
            reason: left the company
        deniedFile: denied.json
        emergencyAccess:
          - objectID: 7777aaaa-bbbb-cccc-dddd-eeeeffff0000
            until: 2030-01-01T00:00:00Z
            kubernetesGroups: [kube-entra:cluster-admins]
            reason: incident 4711
        proofOfPossession: accept
        clusterHost: cluster.example
        signingKeys:
          refreshEvery: 1h
          unknownKeyRefreshInterval: 5m
          maximumAge: 24h
          cacheFile: cache.json
          file: keys.json
          proxy: http://user:secret@proxy.example:3128
    kubernetes:
      adminGroups: [kube-entra:cluster-admins]
      username: upn
      usernamePrefix: ""
      groupObjectIDs: include
      groupPrefix: ""
    limits: { tokenBytes: 65536, headerBytes: 32768, bodyBytes: 4194304, bytesInFlight: 67108864, connections: 4096, streamsPerConnection: 250, handshakeTimeout: 10s, requestTimeout: 11s, idleTimeout: 120s, reviewDeadline: 5s, clockSkew: 60s }
    verifiedTokenCache: { entries: 10000, maximumAge: 10m }
    logging: { level: info, format: text, audit: audit.jsonl }
    names: names.json
    """

private func compare(_ old: String, _ new: String, principals: [SamplePrincipal] = []) throws -> PolicyDiff {
    PolicyDiff(
        from: try TestConfiguration.load(old),
        to: try TestConfiguration.load(new),
        principals: principals,
        now: now
    )
}

@Suite struct PolicyDiffTests {
    struct Edit: Sendable, CustomTestStringConvertible {
        let old: String
        let new: String
        let message: String
        init(_ old: String, _ new: String, _ message: String) {
            self.old = old
            self.new = new
            self.message = message
        }
        var testDescription: String { "\(old) → \(new)" }
    }

    @Test("each changed field has its explanation", arguments: edits)
    func saysWhatEachFieldMeans(_ edit: Edit) throws {
        #expect(full.contains(edit.old))
        let diff = try compare(full, full.replacing(edit.old, with: edit.new))
        #expect(diff.text.split(separator: "\n").contains(Substring(edit.message)), "\(diff.text)")
        #expect(!diff.text.contains("secret@"))
        let back = try compare(full.replacing(edit.old, with: edit.new), full)
        #expect(!back.isEmpty)
    }

    @Test("a change of every field is shown for every field")
    func everyFieldAtOnce() throws {
        // Edits of the same place would undo each other; the first of each is enough.
        var changed = full
        var said: [String] = []
        for edit in Self.edits where changed.contains(edit.old) {
            changed = changed.replacing(edit.old, with: edit.new)
            said.append(edit.message)
        }
        let diff = try compare(full, changed)
        let fields = Set(diff.changes.map(\.field))
        #expect(fields.count >= 55, "\(fields.sorted())")
        #expect(diff.direction == .mixed)
        // A mapping whose group and Kubernetes groups both change is described in other words.
        let lines = Set(diff.text.split(separator: "\n").map(String.init))
        #expect(said.count { lines.contains($0) } >= 50)
        #expect(try compare(changed, full).changes.count == diff.changes.count)
    }

    @Test(
        "a change that only gives or only takes is called so",
        arguments: [
            ("subjects: [user, app]", "subjects: [user, app, guest]", PolicyDiff.Direction.loosens),
            ("subjects: [user, app]", "subjects: [user]", .tightens),
            ("subjects: [user, app]", "subjects: [user, guest]", .mixed),
            ("level: info", "level: debug", .mixed),
            ("level: info", "level: info", .none),
            ("clockSkew: 60s", "clockSkew: 61s", .loosens),
        ])
    func saysWhenAChangeOnlyGivesOrTakes(_ old: String, _ new: String, _ direction: PolicyDiff.Direction) throws {
        let diff = try compare(full, full.replacing(old, with: new))
        #expect(diff.direction == direction)
        #expect(diff.text.contains("nobody loses") == (direction == .loosens))
        #expect(diff.text.contains("nobody gains") == (direction == .tightens))
    }

    @Test(
        "spelling, order and comments are not a difference",
        arguments: [
            ("[user, app]", "[app, user, app]"),
            ("https://login.example", "https://login.example/"),
            ("5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed", "\"{5D24AAAA-BBBB-CCCC-DDDD-EEEEAFA27AED}\""),
            ("kind: WebhookConfiguration", "kind: WebhookConfiguration # a comment"),
            ("29h", "28h60m"),
            ("limits: {", "limits: { "),
        ])
    func spellingOrderAndCommentsAreNoDifference(_ old: String, _ new: String) throws {
        let diff = try compare(full, full.replacing(old, with: new))
        #expect(diff.text == "no difference")
    }

    @Test("names that differ in case are different names")
    func lowerCaseNamesAreOtherNames() throws {
        let diff = try compare(full, full.replacing("username: upn", with: "username: upnLowercase"))
        #expect(
            diff.changes.map(\.message) == [
                "users are named by user principal name in lower case instead of user principal name, so bindings to"
                    + " their names no longer match"
            ])
    }

    @Test("names that only look the same are a difference")
    func namesThatOnlyLookTheSameAreADifference() throws {
        let composed = full.replacing("[developers]", with: "[\"\u{E9}\"]")
        let decomposed = full.replacing("[developers]", with: "[\"e\u{301}\"]")
        #expect(try compare(composed, decomposed).changes.map(\.effect) == [.gains, .loses])
    }

    @Test("the same file in another folder is not a difference")
    func theSameFileInAnotherFolderIsNoDifference() throws {
        let diff = PolicyDiff(
            from: try TestConfiguration.load(full, path: "/etc/old/webhook.yaml"),
            to: try TestConfiguration.load(full, path: "new.yaml"),
            now: now)
        #expect(diff.text == "no difference")
    }

    @Test("an added and a removed tenant are shown with what they give")
    func namesWhatATenantBringsAndTakes() throws {
        let two = TestConfiguration.text(
            rest: """
                  - tenantID: 22222222-2222-3333-4444-555555555555
                    audiences: [api://x]
                    adminGroupObjectIDs: [\(TestConfiguration.other)]
                """)
        let one = TestConfiguration.text()
        #expect(
            try compare(one, two).text == """
                + principals of tenant 22222222-2222-3333-4444-555555555555 may sign in now
                + tenant 22222222-2222-3333-4444-555555555555: members of group \(TestConfiguration.other) become \
                cluster admins
                this only gives: nobody loses anything
                """)
        #expect(try compare(two, one).changes.allSatisfy { $0.effect == .loses })
    }

    @Test("a mapping can keep a user an admin")
    func aMappingCanKeepSomebodyAdmin() throws {
        let after = full.replacing("adminGroupObjectIDs: [5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed]", with: "").replacing(
            "groupMappings:",
            with: """
                groupMappings:
                      - groupObjectID: 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed
                        kubernetesGroups: [kube-entra:cluster-admins]
                """)
        #expect(
            try compare(full, after).text.contains(
                "~ members of group 5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed are cluster admins by a group mapping only"))
    }

    @Test("the difference names the principals that change")
    func showsWhichPrincipalsChange() throws {
        let suite = try PolicySuite.parse(
            Array(
                """
                tests:
                - {name: admin, given: {groups: [\(TestConfiguration.admins)]}, expect: {admitted: true}}
                - {name: nobody, given: {user: x}, expect: {admitted: true}}
                - {name: guest, given: {kind: guest}, expect: {admitted: true}}
                """.utf8), path: "suite.yaml")
        let old = TestConfiguration.text(tenant: TestConfiguration.standardTenant + "\nsubjects: [user]")
        let new = TestConfiguration.text(
            tenant: TestConfiguration.standardTenant.replacing(TestConfiguration.admins, with: TestConfiguration.other)
                + "\nsubjects: [user, guest]")
        let diff = try compare(old, new, principals: SamplePrincipal.from(suite))
        #expect(
            diff.principals.map(\.text) == [
                "admin: is no longer cluster admin; loses kube-entra:cluster-admins",
                "guest: may sign in now",
            ])
        #expect(diff.json.text().contains("\"different\":true"))
    }

    @Test("a principal changes when a group is spelled with other bytes that look the same")
    func aGroupOfOtherBytesIsAnotherGroup() throws {
        let suite = try PolicySuite.parse(
            Array(
                "tests: [{name: x, given: {groups: [\(TestConfiguration.developers)]}, expect: {admin: false}}]".utf8),
            path: "suite.yaml")
        let texts = ["\u{E9}", "e\u{301}"].map { name in
            TestConfiguration.text(
                tenant: TestConfiguration.standardTenant.replacing("[developers]", with: "[\"\(name)\"]"))
        }
        let principals = try compare(texts[0], texts[1], principals: SamplePrincipal.from(suite)).principals
        let expected = "x: gets e\u{301}; loses \u{E9}"
        #expect(principals.map { Array($0.text.utf8) } == [Array(expected.utf8)])
    }

    @Test("a principal's token keeps its audience when the configuration changes")
    func aPrincipalsTokenDoesNotFollowAChangedAudience() throws {
        let suite = try PolicySuite.parse(
            Array("tests: [{name: a, given: {user: x}, expect: {admitted: true}}]".utf8), path: "suite.yaml")
        let new = TestConfiguration.text().replacing(TestConfiguration.audience, with: "api://other")
        let diff = try compare(TestConfiguration.text(), new, principals: SamplePrincipal.from(suite))
        #expect(diff.principals.map(\.text) == ["a: may no longer sign in (audience_not_accepted)"])
    }
}
