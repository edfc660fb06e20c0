import Configuration
import Entra
import Glibc
import LineLogging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Prometheus
import TestSupport
import Testing
import WebhookServer

@testable import WebhookService

/// The running whole, asked over its sockets.
@Suite("The service") struct WebhookServiceTests {
    typealias Settings = TestService.Settings

    private static func failures(_ test: TestService) -> Int {
        count(test, "kube_entra_config_reloads_total{result=\"failure\"}")
    }

    private static func count(_ test: TestService, _ series: String) -> Int {
        let lines = test.service.registry.exposition(.prometheus).split(separator: "\n")
        return lines.first { $0.hasPrefix(series + " ") }.flatMap { Int($0.dropFirst(series.count + 1)) } ?? -1
    }

    @Test("a changed configuration is in force after the next look, and a look at unchanged files does nothing")
    func reload() async throws {
        try await TestService.with { test in
            #expect(try await test.review() == "accepted")
            try await test.reload()
            #expect(!test.logged().contains("are in force"))
            try test.write(Settings(audience: "bbbbbbbb-0000-0000-0000-000000000000"))
            try await test.reload()
            #expect(try await test.review() == "audience_not_accepted")
            #expect(Self.count(test, "kube_entra_config_reloads_total{result=\"success\"}") == 1)
        }
    }

    @Test("a file that is still being written is not read")
    func unfinished() async throws {
        try await TestService.with { test in
            // On the loop that looks at files, so that nothing else looks at them meanwhile.
            let reloads = try await test.service.background.next().submit {
                try test.write(Settings(audience: "cccccccc-0000-0000-0000-000000000000"))
                let seen = FileVersions(test.service.current.withLockedValue { $0.versions.paths })
                try test.write(Settings(audience: "bbbbbbbb-0000-0000-0000-000000000000"))
                test.service.reload(ifStill: seen)
                return Self.count(test, "kube_entra_config_reloads_total{result=\"success\"}")
            }.get()
            #expect(reloads == 0)
            try await test.reload()
            #expect(try await test.review() == "audience_not_accepted")
        }
    }

    @Test("what a reload gives people is said in warnings, and what it takes from them is not")
    func gains() async throws {
        try await TestService.with { test in
            try test.write(Settings(tenants: [TestService.tenantID, TestService.otherTenantID]))
            try await test.reload()
            #expect(test.logged().contains("warning the new configuration gives more access "))
            let told = test.logged().split(separator: "\n").count
            try test.write(Settings())
            try await test.reload()
            #expect(!test.logged().split(separator: "\n").dropFirst(told).joined().contains("more access"))
        }
    }

    @Test("a configuration that can't be used leaves everything as it is, says so, and is looked at again")
    func refusedReload() async throws {
        try await TestService.with { test in
            try test.write(Settings(audience: "bbbbbbbb-0000-0000-0000-000000000000", more: "nonsense: 1"))
            try await test.reload()
            #expect(try await test.review() == "accepted")
            #expect(Self.failures(test) == 1)
            let line = "[+]configuration ok (a newer version was refused at "
            #expect(try await test.get("/readyz?verbose").contains(line))
            #expect(try await test.get("/statusz").contains("a newer version was refused"))
            #expect(test.logged().contains("configuration refused, the last good one stays"))
            try test.write(Settings())
            try await test.reload()
            #expect(try await test.get("/readyz?verbose").contains("[+]configuration ok\n"))
        }
    }

    @Test("a certificate that doesn't belong to its key is refused until both are there, and then presented")
    func certificate() async throws {
        try await TestService.with { test in
            let old = test.folder.read("server.crt")
            let oldDigest = test.service.current.withLockedValue { $0.served.identity.digest }
            let oldKey = test.folder.read("server.key")
            try TestService.writeCertificate(test.folder)
            let (new, newKey) = (test.folder.read("server.crt"), test.folder.read("server.key"))
            try test.folder.write("server.key", oldKey)
            try await test.reload()
            #expect(Self.failures(test) == 1)
            #expect(test.service.current.withLockedValue { $0.served.identity.digest } == oldDigest)
            try test.folder.write("server.crt", old)
            #expect(try await test.review() == "accepted")
            try test.folder.write("server.crt", new)
            try test.folder.write("server.key", newKey)
            try await test.reload()
            // Its client trusts the new one only.
            #expect(try await test.review() == "accepted")
            #expect(test.service.current.withLockedValue { $0.served.identity.digest } != oldDigest)
        }
    }

    @Test("a tenant that is added is served at once, and one that is removed no longer; neither disturbs the other")
    func tenants() async throws {
        try await TestService.with { test in
            let series = "kube_entra_signing_keys{tenant=\"\(TestService.otherTenantID)\"}"
            #expect(try await test.review(tenant: TestService.otherTenantID) == "foreign")
            #expect(Self.count(test, series) == -1)
            try test.write(Settings(tenants: [TestService.otherTenantID, TestService.tenantID]))
            try await test.reload()
            #expect(try await test.review(tenant: TestService.otherTenantID) == "accepted")
            #expect(try await test.review() == "accepted")
            #expect(Self.count(test, series) == 1)
            // In the other order they are the same tenants with the same keys.
            let keys = test.service.current.withLockedValue { $0.keys }
            try test.write(Settings(tenants: [TestService.tenantID, TestService.otherTenantID]))
            try await test.reload()
            #expect(test.service.current.withLockedValue { $0.keys } === keys)
            #expect(try await test.review(tenant: TestService.otherTenantID) == "accepted")
            try test.write(Settings(tenants: [TestService.tenantID]))
            try await test.reload()
            #expect(try await test.review(tenant: TestService.otherTenantID) == "foreign")
            #expect(try await test.review() == "accepted")
            #expect(Self.count(test, series) == -1)
        }
    }

    @Test(
        "what a running process can't change says that it needs a restart",
        arguments: [
            ("server.listen", Settings(listen: "127.0.0.1:9443")),
            ("server.eventLoops", Settings(server: "eventLoops: 3")),
            ("server.cryptography", Settings(server: "cryptography: fips")),
        ])
    func restart(field: String, settings: Settings) async throws {
        try await TestService.with { test in
            try test.write(settings)
            try await test.reload()
            let lines = test.logged().split(separator: "\n").filter { $0.contains("only after a restart") }
            #expect(lines.count == 1 && lines[0].contains("field=\(field)"), "\(lines)")
            #expect(try await test.review() == "accepted")
        }
    }

    // MARK: Deny files

    private static let denied = #"{"denied": [{"objectID": "\#(TestService.objectID)", "reason": "x"}]}"#

    private static func withDenyFile(
        _ text: String, _ body: (TestService) async throws -> Void
    ) async throws {
        let folder = try TemporaryFolder()
        try folder.write("deny.json", text)
        try await TestService.with(Settings(tenant: ", deniedFile: deny.json"), in: folder, body)
    }

    @Test("a deny file that changes is in force after the next look")
    func denyFile() async throws {
        try await Self.withDenyFile(#"{"denied": []}"#) { test in
            #expect(try await test.review() == "accepted")
            try test.folder.write("deny.json", Self.denied)
            try await test.reload()
            #expect(try await test.review() == "principal_denied")
            #expect(Self.count(test, "kube_entra_denied_entries") == 1)
        }
    }

    @Test(
        "a deny file that others may write leaves the last good list in force, and says so",
        arguments: [0o666, 0o620] as [mode_t])
    func untrustedDenyFile(mode: mode_t) async throws {
        try await Self.withDenyFile(Self.denied) { test in
            #expect(try await test.review() == "principal_denied")
            #expect(try await test.get("/readyz?verbose").contains("[+]denied-list ok\n"))
            try test.folder.write("deny.json", #"{"denied": []}"#, mode: mode)
            try await test.reload()
            #expect(try await test.review() == "principal_denied")
            let checks = try await test.get("/readyz?verbose")
            #expect(checks.contains("[+]denied-list ok (a newer version was refused, the last good list stays"))
            #expect(checks.contains("may change the file"))
            #expect(Self.count(test, "kube_entra_denied_list_broken") == 1)
            #expect(Self.failures(test) == 1)
            #expect(test.logged().contains("the deny list cannot be used, the last good one stays"))
            // The same bytes, when nobody else may write them any more.
            chmod(test.folder.path("deny.json"), 0o600)
            try await test.reload()
            #expect(try await test.review() == "accepted")
            #expect(Self.count(test, "kube_entra_denied_list_broken") == 0)
            #expect(test.logged().contains("the deny list can be used again"))
        }
    }

    @Test("a deny file that others may write is refused at the start")
    func untrustedAtStart() async throws {
        let folder = try TemporaryFolder()
        try folder.write("deny.json", #"{"denied": []}"#, mode: 0o666)
        await #expect(throws: ConfigurationError.self) {
            try await TestService.with(Settings(tenant: ", deniedFile: deny.json"), in: folder) { _ in }
        }
    }

    // MARK: Audit

    @Test("decisions go to the new audit file; one that can't be opened refuses the whole configuration")
    func audit() async throws {
        let folder = try TemporaryFolder()
        let first = Settings(more: "logging: {audit: \(folder.path("a.jsonl"))}")
        try await TestService.with(first, in: folder) { test in
            #expect(try await test.review() == "accepted")
            try test.write(Settings(more: "logging: {audit: \(folder.path("b.jsonl"))}"))
            try await test.reload()
            #expect(try await test.review() == "accepted")
            // A folder is there, and nothing can be appended to it.
            try test.write(
                Settings(audience: "bbbbbbbb-0000-0000-0000-000000000000", more: "logging: {audit: \(folder.path)}"))
            try await test.reload()
            #expect(Self.failures(test) == 1)
            #expect(try await test.review() == "accepted")
            test.service.current.withLockedValue { $0.audit }?.flush()
            let lines = ["a.jsonl", "b.jsonl"].map { folder.read($0).split(separator: "\n").count }
            #expect(lines == [1, 2])
        }
    }

    @Test("a change does not wait for the audit file that was in use and can no longer be written")
    func lostAudit() async throws {
        let folder = try TemporaryFolder()
        #expect(mkdir(folder.path("logs"), 0o755) == 0)
        let more = "logging: {audit: \(folder.path("logs/a.jsonl"))}"
        try await TestService.with(Settings(more: more), in: folder) { test in
            #expect(try await test.review() == "accepted")
            #expect(rename(folder.path("logs"), folder.path("old")) == 0)
            try test.write(Settings(audience: "bbbbbbbb-0000-0000-0000-000000000000", more: more))
            try await test.reload()
            #expect(try await test.review() == "audience_not_accepted")
            #expect(test.logged().contains("warning decisions are not written to the audit file"))
        }
    }
}
