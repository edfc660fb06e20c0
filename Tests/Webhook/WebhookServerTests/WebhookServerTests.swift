import Authentication
import Entra
import EntraTokens
import Jansson
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Prometheus
import TestSupport
import Testing
import Timestamps

@testable import WebhookServer

@Suite(.serialized) struct WebhookServerTests {
    @Test("a valid token is accepted")
    func acceptsAToken() async throws {
        try await TestServer().with { test in
            let answer = try await test.review(TestReviews.token())
            #expect(answer.contains(#""authenticated":true"#))
            #expect(answer.contains(#""username":"ada@example.com""#))
            #expect(answer.contains(#""spec":{}"#))
        }
    }

    @Test("a refusal names a decision that the log has too")
    func refusesWithADecisionThatStandsInTheLog() async throws {
        let test = try TestServer()
        try await test.with { test in
            let answer = try await test.review(TestReviews.token(expiresIn: -3600))
            #expect(answer.contains("kube-entra: token_expired: the token has expired (decision "))
            let id = answer.components(separatedBy: "(decision ").last?.prefix(12) ?? ""
            let line = try #require(test.recorder.lines.last)
            #expect(line.metadata["decision"] == String(id))
            #expect(line.metadata["reason"] == "token_expired")
            #expect(line.metadata["result"] == "refused")
            #expect(line.metadata["objectID"] == "0b1ec700-0000-0000-0000-000000000001")
            #expect(line.metadata["tokenSHA256"]?.count == 12)
        }
    }

    @Test("at level debug the log shows the checks in their order")
    func showsChecksInOrderAtDebug() async throws {
        try await TestServer(logLevel: .debug).with { test in
            _ = try await test.review(TestReviews.token(expiresIn: -3600))
            let line = try #require(test.recorder.lines.last)
            #expect(line.level == .debug)
            #expect(line.metadata["decision"] == test.recorder.lines.dropLast().last?.metadata["decision"])
            let checks = line.metadata["checks"] ?? ""
            #expect(checks.hasPrefix("size: passed, structure: passed, algorithm: passed, "))
            #expect(checks.contains("expiry: token_expired"))
        }
    }

    @Test("the log has no token, name or address")
    func keepsTokensNamesAndAddressesOutOfTheLog() async throws {
        try await TestServer().with { test in
            let token = try TestReviews.token()
            _ = try await test.review(token)
            let line = try #require(test.recorder.lines.last)
            #expect(line.metadata["result"] == "accepted")
            #expect(line.metadata["admin"] == "true")
            for value in line.metadata.values {
                // A whole name, because digests and identifiers may contain any three hexadecimal digits.
                #expect(!value.contains("ada@"))
                #expect(value != "Ada")
                #expect(!value.contains(token.suffix(20)))
            }
        }
    }

    @Test("every answer is counted")
    func countsWhatItAnswers() async throws {
        let test = try TestServer()
        try await test.with { test in
            let token = try TestReviews.token()
            for _ in 0..<3 { _ = try await test.review(token) }
            _ = try await test.review("nonsense")
            _ = try await TestServer.request(port: test.port, "GET", "/")
            let metrics = try await TestServer.request(port: test.operationsPort, "GET", "/metrics").body
            #expect(metrics.contains("kube_entra_token_reviews_total{result=\"accepted\",reason=\"\"} 3\n"))
            #expect(
                metrics.contains("kube_entra_token_reviews_total{result=\"foreign\",reason=\"token_malformed\"} 1\n"))
            #expect(metrics.contains("kube_entra_token_reviews_total{result=\"refused\",reason=\"token_expired\"} 0\n"))
            #expect(metrics.contains("kube_entra_token_review_duration_seconds_count 4\n"))
            #expect(metrics.contains("kube_entra_requests_rejected_total{cause=\"not_found\"} 1\n"))
            #expect(metrics.contains("kube_entra_build_info{version=\"1.2.3\"} 1\n"))
        }
    }

    @Test("a body that is not a TokenReview is refused")
    func refusesABodyThatIsNoTokenReview() async throws {
        try await TestServer().with { test in
            let answer = try await TestServer.request(port: test.port, "POST", "/authenticate", body: "{}")
            #expect(answer.status == 400)
            #expect(answer.body.contains(#""kind":"Status""#))
        }
    }

    @Test("a review of an unknown key waits for keys and is decided again")
    func waitsForKeysAndDecidesAgain() async throws {
        let holder = NIOLockedValueBox<WebhookServer?>(nil)
        let asked = NIOLockedValueBox<[GUID]>([])
        let keys = try TestTenant.ownKeys()
        let services = ReviewServices(refreshKeys: { tenant, loop in
            asked.withLockedValue { $0.append(tenant) }
            let promise = loop.makePromise(of: Void.self)
            MultiThreadedEventLoopGroup.singleton.any().scheduleTask(in: .milliseconds(20)) {
                holder.withLockedValue { $0 }?.update(keys: keys)
                promise.succeed()
            }
            return promise.futureResult
        })
        let test = try TestServer(services: services, keys: KeySnapshot([:]))
        holder.withLockedValue { $0 = test.server }
        try await test.with { test in
            let answer = try await test.review(TestReviews.token())
            #expect(answer.contains(#""authenticated":true"#))
            #expect(asked.withLockedValue { $0 } == [TestTenant.guid(TestTenant.id)])
            let again = try await test.review(TestReviews.token(keyID: "unknown"))
            #expect(again.contains("key_not_found"))
        }
        holder.withLockedValue { $0 = nil }
    }

    @Test("a review is answered at its deadline when no keys come")
    func answersAtTheDeadlineWhenKeysDoNotCome() async throws {
        var limits = ServerLimits()
        limits.reviewDeadline = .milliseconds(100)
        let never = NIOLockedValueBox<[EventLoopPromise<Void>]>([])
        let services = ReviewServices(refreshKeys: { _, loop in
            let promise = loop.makePromise(of: Void.self)
            never.withLockedValue { $0.append(promise) }
            return promise.futureResult
        })
        let test = try TestServer(limits: limits, services: services, keys: KeySnapshot([:]))
        try await test.with { test in
            let start = ContinuousClock.now
            let answer = try await test.review(TestReviews.token())
            #expect(answer.contains("keys_unavailable"))
            #expect(ContinuousClock.now - start >= .milliseconds(90))
            never.withLockedValue { for promise in $0 { promise.succeed() } }
        }
    }

    @Test("groups that are left out of the token are asked for and decide")
    func asksForGroupsAndDecidesWithThem() async throws {
        let admin = TestTenant.guid(TestTenant.adminGroup)
        let services = ReviewServices(resolveGroups: { _, loop in
            loop.makeSucceededFuture(ResolvedGroups(groups: [admin], freshUntil: .now()))
        })
        let authenticator = TestReviews.authenticator { $0.trust.groupOverage = .resolve }
        let token = try TestReviews.token(more: [("hasgroups", .bool(true))])
        let test = try TestServer(services: services, authenticator: authenticator)
        try await test.with { test in
            let answer = try await test.review(token)
            #expect(answer.contains("kube-entra:cluster-admins"), "\(answer)")
        }
    }

    @Test("no token review of more connections is answered than the limit allows")
    func takesNoMoreConnectionsThanAllowed() async throws {
        let test = try TestServer(limits: ServerLimits(connections: 2))
        try await test.with { test in
            let held = try await [connect(test.port), connect(test.port)]
            while test.server.ledger.openConnections < 2 { try await Task.sleep(for: .milliseconds(5)) }
            let body = TestReviews.body("x")
            let head = "Host: a\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
            // It waits for the end of the connection.
            let refused = try await TestServer.exchange(
                port: test.port, "POST /authenticate HTTP/1.1\r\n\(head)\r\n\(body)")
            #expect(refused.hasPrefix("HTTP/1.1 503 ") && refused.contains("retry-after: 1"), "\(refused)")
            for channel in held { try await channel.close() }
            while test.server.ledger.openConnections > 0 { try await Task.sleep(for: .milliseconds(5)) }
            let answer = try await test.review("x")
            #expect(answer.contains("authenticated"))
            #expect(test.registry.exposition(.prometheus).contains("{cause=\"connection_limit\"} 1\n"))
        }
    }

    @Test("a request that was received before the stop is answered")
    func answersWhatItReceivedBeforeItStops() async throws {
        let promises = NIOLockedValueBox<[EventLoopPromise<Void>]>([])
        let services = ReviewServices(refreshKeys: { _, loop in
            let promise = loop.makePromise(of: Void.self)
            promises.withLockedValue { $0.append(promise) }
            return promise.futureResult
        })
        let test = try TestServer(services: services, keys: KeySnapshot([:]))
        try await test.server.start()
        async let answer = test.review(TestReviews.token())
        while promises.withLockedValue({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
        async let stopped: Void = test.server.stop(within: .seconds(10))
        while !test.server.isDraining { try await Task.sleep(for: .milliseconds(5)) }
        promises.withLockedValue { for promise in $0 { promise.succeed() } }
        #expect(try await answer.contains("keys_unavailable"))
        let start = ContinuousClock.now
        await stopped
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    private func connect(_ port: Int) async throws -> any Channel {
        try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port).get()
    }
}
