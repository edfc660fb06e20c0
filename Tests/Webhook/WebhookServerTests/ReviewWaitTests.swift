import AccessPolicy
import Addresses
import Authentication
import Entra
import EntraTokens
import Jansson
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import Prometheus
import TestSupport
import Testing
import Timestamps
import TokenReviewAPI

@testable import WebhookServer

/// Many reviews that wait for one fetch of keys, on an event loop whose time the test controls.
@Suite struct ReviewWaitTests {
    private final class Waiting {
        let loop = EmbeddedEventLoop()
        let fetch: NIOLockedValueBox<EventLoopPromise<Void>>
        let engine: ReviewEngine
        var answers: [String] = []
        var wasAdmin = false

        /// Requests to the directory without an answer.
        let questions = NIOLockedValueBox<[EventLoopPromise<ResolvedGroups?>]>([])

        init(keys: KeySnapshot = KeySnapshot([:])) throws {
            let loop = loop
            let questions = questions
            let fetch = NIOLockedValueBox(loop.makePromise(of: Void.self))
            self.fetch = fetch
            var options = ServerOptions(listen: ListenAddress(host: "127.0.0.1", port: 0))
            options.limits.reviewDeadline = .seconds(5)
            let metrics = ServerMetrics(factory: PrometheusRegistry(), version: "0", tenantIDs: [])
            engine = ReviewEngine(
                turns: FairScheduler(eventLoop: loop), options: options,
                basis: ReviewBasis(
                    authenticator: TestReviews.authenticator { $0.trust.groupOverage = .resolve }, keys: keys),
                services: ReviewServices(
                    refreshKeys: { _, _ in fetch.withLockedValue { $0.futureResult } },
                    resolveGroups: { _, loop in
                        let promise = loop.makePromise(of: ResolvedGroups?.self)
                        questions.withLockedValue { $0.append(promise) }
                        return promise.futureResult
                    }),
                memory: ReviewMemory(options), metrics: metrics,
                log: DecisionLog(
                    logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }, metrics: metrics),
                clock: { .now() })
        }

        func review(_ token: String) {
            switch engine.review(ByteBuffer(bytes: TokenReviewRequest.encode(token: token))) {
            case .answer(let response): take(response)
            case .later(let future): future.assumeIsolated().whenSuccess { self.take($0) }
            }
        }

        private func take(_ response: ServerResponse) {
            let text = String(buffer: response.body)
            wasAdmin = wasAdmin || text.contains("kube-entra:cluster-admins")
            answers.append(text.contains("\"authenticated\":true") ? "accepted" : "refused")
        }

        func endFetch() { fetch.withLockedValue { $0 }.succeed() }
    }

    @Test("keys that came in time count also for whose turn comes after the deadline")
    func lateTurn() throws {
        let waiting = try Waiting()
        let token = try TestReviews.token()
        for _ in 0..<60 { waiting.review(token) }
        waiting.loop.advanceTime(by: .milliseconds(4995))
        #expect(waiting.answers.isEmpty)
        waiting.engine.update(try TestTenant.ownKeys())
        waiting.endFetch()
        #expect(waiting.answers.count == 1)
        waiting.loop.advanceTime(by: .milliseconds(1))
        #expect(waiting.answers.count < 10)
        waiting.loop.advanceTime(by: .seconds(1))
        #expect(waiting.answers == Array(repeating: "accepted", count: 60))
    }

    @Test("an answer to a question by an older configuration means nothing")
    func directoryChanges() throws {
        let waiting = try Waiting(keys: TestTenant.ownKeys())
        defer { waiting.endFetch() }
        let token = try TestReviews.token(more: [("_claim_names", .object([("groups", "src1")]))])
        let groups = ResolvedGroups(groups: [TestTenant.guid(TestTenant.adminGroup)], freshUntil: .distantFuture)
        waiting.review(token)
        #expect(waiting.questions.withLockedValue { $0.count } == 1)
        waiting.engine.update(TestReviews.authenticator { $0.trust.groupOverage = .resolve })
        waiting.questions.withLockedValue { $0[0] }.succeed(groups)
        #expect(waiting.answers.isEmpty)
        #expect(waiting.questions.withLockedValue { $0.count } == 2)
        waiting.questions.withLockedValue { $0[1] }.succeed(ResolvedGroups(groups: [], freshUntil: .distantFuture))
        waiting.loop.run()
        #expect(waiting.answers == ["accepted"] && !waiting.wasAdmin)
        // Once more, from the cache.
        waiting.review(token)
        #expect(waiting.answers.count == 2 && !waiting.wasAdmin)
    }

    @Test("what took somebody's access away during the wait counts at its deadline")
    func accessEndsMeanwhile() throws {
        let waiting = try Waiting(keys: TestTenant.ownKeys())
        defer { waiting.endFetch() }
        let token = try TestReviews.token(more: [("_claim_names", .object([("groups", "src1")]))])
        let entry = EmergencyEntry(
            objectID: TestTenant.guid(TestTenant.objectID), until: .distantFuture, kubernetesGroups: ["rescuers"],
            reason: "drill")
        let update = { (entries: [EmergencyEntry], denied: [DeniedEntry]) in
            waiting.engine.update(
                TestReviews.authenticator {
                    $0.trust.groupOverage = .resolve
                    $0.policy.emergencyAccess = entries
                    $0.policy.denied = denied
                })
        }
        update([entry], [])
        waiting.review(token)
        waiting.loop.advanceTime(by: .seconds(6))
        #expect(waiting.answers == ["accepted"])
        waiting.review(token)
        waiting.loop.advanceTime(by: .seconds(1))
        update([], [])
        waiting.loop.advanceTime(by: .seconds(6))
        #expect(waiting.answers == ["accepted", "refused"])
        update([entry], [])
        waiting.review(token)
        waiting.loop.advanceTime(by: .seconds(1))
        update([entry], [DeniedEntry(target: .objectID(entry.objectID), reason: "drill")])
        waiting.loop.advanceTime(by: .seconds(6))
        #expect(waiting.answers == ["accepted", "refused", "refused"])
        for question in waiting.questions.withLockedValue({ $0 }) { question.succeed(nil) }
    }

    @Test("a review that waits for keys across a reload does not use the old directory's answer")
    func keysAfterTheDirectory() throws {
        let waiting = try Waiting(keys: TestTenant.ownKeys())
        let token = try TestReviews.token(more: [("_claim_names", .object([("groups", "src1")]))])
        waiting.review(token)
        // The keys are gone when the directory answers, so the review waits for keys.
        waiting.engine.update(KeySnapshot([:]))
        let admin = ResolvedGroups(groups: [TestTenant.guid(TestTenant.adminGroup)], freshUntil: .distantFuture)
        waiting.questions.withLockedValue { $0[0] }.succeed(admin)
        #expect(waiting.answers.isEmpty)
        waiting.engine.update(TestReviews.authenticator { $0.trust.groupOverage = .resolve })
        waiting.engine.update(try TestTenant.ownKeys())
        waiting.endFetch()
        waiting.loop.advanceTime(by: .milliseconds(1))
        #expect(waiting.answers.isEmpty && waiting.questions.withLockedValue { $0.count } == 2)
        waiting.questions.withLockedValue { $0[1] }.succeed(ResolvedGroups(groups: [], freshUntil: .distantFuture))
        waiting.loop.run()
        #expect(waiting.answers == ["accepted"] && !waiting.wasAdmin)
    }

    @Test("whoever was answered takes no turn")
    func answered() throws {
        let waiting = try Waiting()
        let token = try TestReviews.token()
        for _ in 0..<300 { waiting.review(token) }
        waiting.loop.advanceTime(by: .seconds(6))
        #expect(waiting.answers == Array(repeating: "refused", count: 300))
        let second = waiting.loop.makePromise(of: Void.self)
        let first = waiting.fetch.withLockedValue { fetch in
            defer { fetch = second }
            return fetch
        }
        waiting.review(token)
        first.succeed()
        waiting.engine.update(try TestTenant.ownKeys())
        second.succeed()
        waiting.loop.advanceTime(by: .milliseconds(1))
        #expect(waiting.answers.count == 301 && waiting.answers.last == "accepted")
    }
}

extension Timestamp {
    fileprivate static var distantFuture: Timestamp { Timestamp(secondsSinceEpoch: .max) }
}
