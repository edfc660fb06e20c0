import AccessPolicy
import Addresses
import Configuration
import Entra
import Files
import LineLogging
import Logging
import OpenSSL
import SafeText
import SigningKeys
import TestSupport
import Testing
import WebhookServer

@testable import WebhookService

/// What changed → what is done, in which order.
@Suite("The plan of a reload") struct ReloadPlanTests {
    typealias Action = ReloadPlan.Action

    /// One row of the table: a change of the state in force, and the actions beside those that every reload ends with.
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var change: @Sendable (inout ReloadState) -> Void
        var actions: [Action]

        /// The bytes of the file change too, as they do with every change of a field.
        init(
            field name: String, _ actions: [Action], _ change: @escaping @Sendable (inout WebhookConfiguration) -> Void
        ) {
            testDescription = name
            self.actions = actions
            self.change = { state in
                change(&state.loaded.configuration)
                state.loaded.contentSHA256 = "other"
            }
        }

        init(_ name: String, _ actions: [Action], _ change: @escaping @Sendable (inout ReloadState) -> Void) {
            testDescription = name
            self.actions = actions
            self.change = change
        }
    }

    static let first = PlanState.id(1)
    static let second = PlanState.id(2)
    static let third = PlanState.id(3)
    static let rules: [Action] = [.replaceRules, .setOptions]

    static let rows: [Row] = [
        Row("nothing: nothing but the report", []) { _ in },
        Row("a comment: rules and options are set anew, since only bytes tell what is the same", rules) {
            $0.loaded.contentSHA256 = "other"
        },
        Row(field: "an audience: rules", rules) { $0.tenants[0].trust.audiences = ["b"] },
        Row(field: "an audience that to Unicode is the same: rules", rules) {
            $0.tenants[0].trust.audiences = ["\u{212A}"]
        },
        Row(field: "a group mapping: rules", rules) {
            $0.tenants[0].policy.groupMappings = [GroupMapping(groupObjectID: first, kubernetesGroups: ["x"])]
        },
        Row(field: "limits: options, and rules for the size of tokens", rules) { $0.limits.server.connections = 7 },
        Row(field: "the order of tenants: rules and no new keys", rules) { $0.tenants.reverse() },
        Row(
            field: "a tenant more: keys and rules in one step, with its metrics",
            [.replaceKeysAndRules(tenants: [first, second, third]), .setOptions]
        ) {
            $0.tenants.append(PlanState.tenant(third))
        },
        Row(
            field: "a tenant less: its metrics end last",
            [.replaceKeysAndRules(tenants: [first]), .setOptions, .forgetTenants([second])]
        ) {
            $0.tenants.removeLast()
        },
        Row(
            field: "another authority: keys", [.replaceKeysAndRules(tenants: [first, second]), .setOptions]
        ) {
            $0.tenants[1].trust.authority = "https://login.example"
        },
        Row(field: "another cloud: keys", [.replaceKeysAndRules(tenants: [first, second]), .setOptions]) {
            $0.tenants[1].trust.cloud = .china
        },
        Row(
            field: "an authority's CA file whose name differs in normalization only: keys",
            [.replaceKeysAndRules(tenants: [first, second]), .setOptions]
        ) {
            $0.tenants[0].authorityCA = "/caf\u{65}\u{301}.pem"
        },
        Row(
            field: "how long keys serve: keys", [.replaceKeysAndRules(tenants: [first, second]), .setOptions]
        ) {
            $0.tenants[0].signingKeys.maximumAge = .seconds(60)
        },
        Row(field: "a directory that is never asked: rules", rules) {
            $0.tenants[0].directory = PlanState.directory()
        },
        Row(
            field: "a directory that is asked from now on: before the rules that need it", [.replaceDirectories] + rules
        ) {
            $0.tenants[0].directory = PlanState.directory()
            $0.tenants[0].trust.groupOverage = .resolve
        },
        Row(
            field:
                "everything at once: what can fail, directories, keys and rules, certificate, options, metrics, notes",
            [
                .openAudit("/audit.jsonl"), .setLogging(PlanState.debug), .replaceDirectories,
                .replaceKeysAndRules(tenants: [second, third]), .setOptions, .forgetTenants([first]),
                .reportRestartNeeded(field: "server.listen"),
            ]
        ) {
            $0.logging = PlanState.debug
            $0.tenants[0] = PlanState.tenant(third)
            $0.tenants[0].directory = PlanState.directory()
            $0.tenants[0].trust.groupOverage = .resolve
            $0.tenants.reverse()
            $0.server.listen.port = 9443
        },
        Row(
            "the certificate: connections with the old one have half a minute",
            [
                .replaceCertificate(closingOldWithin: .seconds(30))
            ]
        ) {
            $0.presented = PlanState.digest(2)
        },
        Row(
            "the client CA: callers who are not allowed any more have two seconds",
            [
                .replaceCertificate(closingOldWithin: .seconds(2))
            ]
        ) {
            $0.presented = PlanState.digest(2)
            $0.clientAuthorities = [[2]]
        },
        Row(field: "the audit file: opened before anything else", [.openAudit("/audit.jsonl")] + rules) {
            $0.logging.audit = "/audit.jsonl"
        },
        Row(field: "the log's level", [.setLogging(PlanState.debugOnly)] + rules) { $0.logging.level = .debug },
        Row(field: "the log's format", [.setLogging(PlanState.jsonOnly)] + rules) { $0.logging.format = .json },
        Row(
            "a directory that is asked otherwise, whatever the bytes say: rules too",
            [.replaceDirectories, .replaceRules]
        ) {
            $0.loaded.configuration.tenants[0].directory = PlanState.directory()
            $0.loaded.configuration.tenants[0].trust.groupOverage = .resolve
        },
        Row(field: "the webhook's address: it needs a restart", rules + [.reportRestartNeeded(field: "server.listen")])
        {
            $0.server.listen.port = 9443
        },
        Row(
            field: "the operations address: it needs a restart",
            rules + [.reportRestartNeeded(field: "server.operations")]
        ) {
            $0.server.operations.host = "0.0.0.0"
        },
        Row(field: "event loops: they need a restart", rules + [.reportRestartNeeded(field: "server.eventLoops")]) {
            $0.server.eventLoops = 3
        },
        Row(
            field: "cryptography: the provider is loaded at the start only",
            rules + [.reportRestartNeeded(field: "server.cryptography")]
        ) {
            $0.server.cryptography = .fips
        },
    ]

    @Test("each change has its actions, in order", arguments: rows)
    func change(row: Row) throws {
        let old = PlanState.state()
        var new = old
        row.change(&new)
        let plan = ReloadPlan(old: old, new: new, started: old.configuration.server)
        #expect(plan.actions == row.actions + [.adopt, .follow(new.paths), .reportInForce])
    }

    @Test("a field that is back to what the process began with needs no restart")
    func backAgain() {
        let started = PlanState.state()
        var other = started
        other.loaded.configuration.server.cryptography = .fips
        other.loaded.configuration.server.listen.port = 9443
        let there = ReloadPlan(old: started, new: other, started: started.configuration.server)
        #expect(there.actions.contains(.reportRestartNeeded(field: "server.cryptography")))
        // Said once, and not at each reload.
        let again = ReloadPlan(old: other, new: other, started: started.configuration.server)
        let back = ReloadPlan(old: other, new: started, started: started.configuration.server)
        for plan in [again, back] { #expect(!plan.actions.contains { Self.isRestartNote($0) }) }
    }

    private static func isRestartNote(_ action: Action) -> Bool {
        if case .reportRestartNeeded = action { return true }
        return false
    }

    @Test("every field whose description says that it takes effect after a restart is told when it changes")
    func restartFields() {
        let notes = Self.rows.flatMap(\.actions).compactMap { action -> String? in
            if case .reportRestartNeeded(let field) = action { return field }
            return nil
        }
        var documented: Set<String> = []
        for (path, field) in FieldForm.section(WebhookConfiguration.form).fields()
        where field.details.contains("takes effect after a restart") { documented.insert(path) }
        #expect(!documented.isEmpty && documented == Set(notes))
    }

    // MARK: What cannot be used

    @Test("a refused configuration changes nothing, and the files that it waits for are followed beside the old ones")
    func refused() {
        let old = PlanState.state()
        var waiting = old.loaded
        waiting.configuration.server.certificate = "/new.crt"
        waiting.configuration.tenants[0].authorityCA = "/ca.pem"
        let problem = ConfigurationProblem(
            file: "/config.yaml", line: 1, column: 1, field: "server.certificate", message: "x")
        let error = ConfigurationError(problems: [problem], partial: waiting)
        let plan = ReloadPlan(old: old, refused: error)
        #expect(
            plan.actions == [
                .follow(old.paths.union(["/new.crt", "/ca.pem"])), .reportRefused(error),
            ])
        let unreadable = ConfigurationError(problems: [])
        #expect(ReloadPlan(old: old, refused: unreadable).actions == [.follow(old.paths), .reportRefused(unreadable)])
    }

    @Test("only the first action can fail, so that what fails has changed nothing")
    func failsFirst() {
        for row in Self.rows {
            let place = row.actions.firstIndex { action in
                if case .openAudit = action { return true }
                return false
            }
            #expect(place ?? 0 == 0)
        }
    }

    // MARK: Deny files

    @Test("deny files that were read again: rules where a list differs, and a report of each that cannot be used")
    func denyFiles() throws {
        let folder = try TemporaryFolder()
        try folder.write("deny", #"{"denied": []}"#)
        var old = PlanState.state()
        old.loaded.configuration.tenants[0].deniedFile = folder.path("deny")
        let path = ExactText(folder.path("deny"))
        old.denyFiles = DenyFiles.read(old.loaded).files
        #expect(ReloadPlan(old: old, denyFiles: old.denyFiles).actions == [.adopt])

        let entry = #"{"objectID": "\#(Self.first)", "reason": "x"}"#
        try folder.write("deny", #"{"denied": [\#(entry)]}"#)
        var new = old
        new.denyFiles = DenyFiles.read(old.loaded, lastGood: old.denyFiles).files
        #expect(
            ReloadPlan(old: old, denyFiles: new.denyFiles).actions == [.replaceRules, .adopt, .reportDenyListInForce])

        // Who may write the file may lock anybody out and let anybody in.
        try folder.write("deny", #"{"denied": []}"#, mode: 0o666)
        var untrusted = new
        untrusted.denyFiles = DenyFiles.read(new.loaded, lastGood: new.denyFiles).files
        let problem = FileError.writableByAll.sentence
        #expect(
            ReloadPlan(old: new, denyFiles: untrusted.denyFiles).actions
                == [.adopt, .reportDenyListRefused(path: path, problem: problem)])
        // Said once.
        #expect(ReloadPlan(old: untrusted, denyFiles: untrusted.denyFiles).actions == [.adopt])
        // The same where the configuration is read again meanwhile.
        let reload = ReloadPlan(old: new, new: untrusted, started: new.configuration.server)
        #expect(
            reload.actions
                == [.adopt, .follow(new.paths), .reportInForce, .reportDenyListRefused(path: path, problem: problem)])

        // Another problem is said, too.
        try folder.write("deny", "{")
        var broken = untrusted
        broken.denyFiles = DenyFiles.read(new.loaded, lastGood: new.denyFiles).files
        let syntax = try #require(broken.denyFiles.problems[path])
        #expect(syntax != problem)
        #expect(
            ReloadPlan(old: untrusted, denyFiles: broken.denyFiles).actions
                == [.adopt, .reportDenyListRefused(path: path, problem: syntax)])
        // A list that no tenant names any more is not called usable.
        var unnamed = broken
        unnamed.loaded.configuration.tenants[0].deniedFile = nil
        unnamed.denyFiles = DenyFiles.read(unnamed.loaded).files
        let without = ReloadPlan(old: broken, new: unnamed, started: old.configuration.server)
        #expect(!without.actions.contains(.reportDenyListUsable(path: path)))

        try folder.write("deny", #"{"denied": [\#(entry)]}"#)
        let usable = DenyFiles.read(new.loaded, lastGood: new.denyFiles).files
        #expect(ReloadPlan(old: untrusted, denyFiles: usable).actions == [.adopt, .reportDenyListUsable(path: path)])
    }

    @Test("token IDs whose bytes differ are different lists, whatever Unicode says")
    func denyListBytes() throws {
        let folder = try TemporaryFolder()
        var state = PlanState.state()
        state.loaded.configuration.tenants[0].deniedFile = folder.path("deny")
        let lists = try ["K", "\u{212A}"].map { id in
            try folder.write("deny", #"{"denied": [{"tokenID": "\#(id)", "reason": "x"}]}"#)
            return DenyFiles.read(state.loaded).files
        }
        state.denyFiles = lists[0]
        #expect(ReloadPlan(old: state, denyFiles: lists[1]).actions.first == .replaceRules)
    }
}
