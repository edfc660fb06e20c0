import Authentication
import Entra
import TestSupport
import Testing
import Timestamps

@testable import WebhookServer

@Suite(.serialized) struct StatusTests {
    private static let info = StatusInfo(
        version: "1.2.3", configurationFile: "/etc/<kube>.yaml", configurationSHA256: "abcdef0123456789",
        tenants: [
            StatusInfo.Tenant(
                tenantID: TestTenant.id, cloud: "public", keyCount: 5, lastSuccess: Timestamp.now(),
                problem: "no \u{1B}[31mconnection")
        ],
        certificates: [
            StatusInfo.Certificate(
                field: "server.certificate", subject: "CN=server", expires: Timestamp.now().adding(seconds: 100_000))
        ])

    @Test("the status has figures and no identities")
    func showsFiguresAndNoIdentities() async throws {
        try await TestServer(status: { Self.info }).with { test in
            _ = try await test.review(TestReviews.token())
            let refused = try await test.review(TestReviews.token(expiresIn: -100))
            let id = String(refused.components(separatedBy: "(decision ").last?.prefix(12) ?? "?")
            for accept in ["*/*", "text/html,application/xhtml+xml,*/*;q=0.8"] {
                let page = try await TestServer.request(
                    port: test.operationsPort, "GET", "/statusz", headers: "Accept: \(accept)\r\n")
                #expect(page.status == 200)
                let isHTML = accept.contains("html")
                #expect(page.head.contains(isHTML ? "text/html" : "text/plain"))
                for expected in ["1.2.3", "abcdef012345", TestTenant.id, "token_expired", id, "CN=server", "1 d 3 h"] {
                    #expect(page.body.contains(expected), "\(expected) in \(accept)")
                }
                #expect(!page.body.contains("ada@"))
                #expect(!page.body.contains("0b1ec700"))
                #expect(!page.body.contains("\u{1B}") || isHTML)
                #expect(page.body.contains("/etc/<kube>.yaml") != isHTML)
            }
        }
    }

    @Test("there is no status page unless it is configured")
    func isNotThereUnlessTold() async throws {
        try await TestServer().with { test in
            let page = try await TestServer.request(port: test.operationsPort, "GET", "/statusz")
            #expect(page.status == 404)
        }
    }

    @Test("the status covers the last quarter of an hour")
    func keepsAQuarterOfAnHour() {
        var history = DecisionHistory()
        for minute in 0..<100 {
            let time = Timestamp(secondsSinceEpoch: Int64(minute) * 60)
            history.record(
                Decision(outcome: .refused(.tokenExpired)), id: "\(minute)", nanoseconds: 1_000_000, now: time)
        }
        #expect(history.recentMinutes.count == 15)
        #expect(history.recentRefusals.count == 50)
        let merged = DecisionHistory.merged([history, history], now: Timestamp(secondsSinceEpoch: 101 * 60))
        #expect(
            merged.recentMinutes.map { $0.byReason[.tokenExpired] ?? 0 } == Array(repeating: 2, count: 13) + [0, 0])
        #expect(merged.recentRefusals.count == 50)
        #expect(merged.recentRefusals.last?.decisionID == "99")
    }

    @Test(
        "a latency is known to a quarter of its size",
        arguments: [1_000, 5_000, 50_000, 999_999, 1_000_000, 123_456_789, 60_000_000_000] as [Int64])
    func knowsLatenciesToAQuarter(_ nanoseconds: Int64) {
        let upper = LatencyScale.seconds(LatencyScale.slot(nanoseconds)) * 1e9
        #expect(upper >= Double(nanoseconds))
        #expect(upper <= Double(nanoseconds) * 1.26)
    }

    @Test("the status has the right percentiles")
    func findsPercentiles() {
        var counts = [Int](repeating: 0, count: LatencyScale.count)
        #expect(LatencyScale.percentile(0.5, of: counts) == nil)
        counts[4] = 98
        counts[40] = 2
        #expect(LatencyScale.percentile(0.5, of: counts) == LatencyScale.seconds(4))
        #expect(LatencyScale.percentile(0.98, of: counts) == LatencyScale.seconds(4))
        #expect(LatencyScale.percentile(0.99, of: counts) == LatencyScale.seconds(40))
    }
}
