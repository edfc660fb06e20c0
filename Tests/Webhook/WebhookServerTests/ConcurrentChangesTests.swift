import AccessPolicy
import Authentication
import Entra
import EntraTokens
import NIOCore
import OpenSSL
import SafeText
import Synchronization
import TestSupport
import Testing
import Timestamps

@testable import WebhookServer

/// Settings and keys change while several clients ask on several event loops.
@Suite struct ConcurrentChangesTests {
    /// The newest change that has begun, and the newest that every event loop has seen.
    private final class Versions: Sendable {
        let begun = Atomic<Int>(0)
        let settled = Atomic<Int>(0)
    }

    /// With an even version the token is accepted and its group tells the version; with an odd one its key is gone.
    private static func authenticator(_ version: Int) throws -> Authenticator {
        let rules = TenantConfiguration(
            trust: TokenValidationRules(tenantID: TestTenant.guid(TestTenant.id), audiences: [TestTenant.audience]),
            policy: TenantPolicy(adminGroupObjectIDs: [TestTenant.guid(TestTenant.adminGroup)]))
        return Authenticator(
            AuthenticationSettings(
                tenants: [rules], kubernetes: KubernetesPolicy(adminGroups: ["version-\(version)"])))
    }

    private static func keys(_ version: Int) throws -> KeySnapshot {
        let keyID = version.isMultiple(of: 2) ? "k1" : "another"
        return KeySnapshot([
            TestTenant.guid(TestTenant.id): TenantKeySet(
                keys: [SigningKey(keyID: ExactText(keyID), publicKey: try TestTenant.key.get().publicKey)],
                usableUntil: Timestamp(secondsSinceEpoch: .max))
        ])
    }

    private static func isAnswer(_ answer: String, of version: Int) -> Bool {
        version.isMultiple(of: 2) ? answer.contains("\"version-\(version)\"") : answer.contains("key_not_found")
    }

    @Test("each answer is that of one version, and none is older than the newest that every event loop has")
    func answersAreOfOneVersion() async throws {
        let versions = Versions()
        let token = try TestReviews.token()
        try await TestServer(authenticator: Self.authenticator(0), keys: Self.keys(0)).with { test in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<4 {
                    group.addTask {
                        for _ in 0..<80 {
                            let oldest = versions.settled.load(ordering: .acquiring)
                            let answer = try await test.review(token)
                            let newest = versions.begun.load(ordering: .acquiring)
                            #expect((oldest...newest).contains { Self.isAnswer(answer, of: $0) }, "\(oldest) \(answer)")
                        }
                    }
                }
                group.addTask {
                    for version in 1...60 {
                        versions.begun.store(version, ordering: .releasing)
                        test.server.update(
                            authenticator: try Self.authenticator(version), keys: try Self.keys(version))
                        for worker in test.server.workers { try await worker.eventLoop.submit {}.get() }
                        versions.settled.store(version, ordering: .releasing)
                        try await Task.sleep(for: .milliseconds(3))
                    }
                }
                try await group.waitForAll()
            }
        }
    }
}
