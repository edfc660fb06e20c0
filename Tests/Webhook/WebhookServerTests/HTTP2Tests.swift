import Authentication
import EntraTokens
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP2
import NIOPosix
import Prometheus
import TestSupport
import Testing

@testable import WebhookServer

@Suite(.serialized) struct HTTP2Tests {
    @Test("one HTTP/2 connection carries many reviews")
    func answersManyReviewsOnOneConnection() async throws {
        try await TestServer(isHTTP2: true).with { test in
            let client = try await HTTP2Client(port: test.port)
            let body = TestReviews.body(try TestReviews.token())
            for _ in 0..<300 {
                let answer = try await client.request("POST", "/authenticate?timeout=30s", body: body)
                #expect(answer.status == "200")
                #expect(answer.body.contains(#""authenticated":true"#))
            }
            try await client.channel.close()
            #expect(test.server.ledger.bytesInFlight == 0)
        }
    }

    struct Refused: Sendable, CustomTestStringConvertible {
        var name: String
        var method = "POST"
        var path = "/authenticate"
        var headers: [String] = []
        var body = "{}"
        var status: String

        var testDescription: String { name }
    }

    @Test(
        "an invalid HTTP/2 request is refused",
        arguments: [
            Refused(name: "no TokenReview", status: "400"),
            Refused(name: "another path", path: "/x", status: "404"),
            Refused(name: "GET", method: "GET", body: "", status: "405"),
            Refused(name: "no body", body: "", status: "411"),
            Refused(name: "a body too large", body: String(repeating: "x", count: 101), status: "413"),
            Refused(name: "a length too large", headers: ["content-length", "101"], body: "", status: "413"),
            Refused(name: "an expectation", headers: ["expect", "200-ok"], status: "417"),
            Refused(name: "another type", headers: ["content-type", "text/plain"], status: "415"),
        ])
    func refuses(_ example: Refused) async throws {
        var limits = ServerLimits()
        limits.bodyBytes = 100
        try await TestServer(limits: limits, isHTTP2: true).with { test in
            let client = try await HTTP2Client(port: test.port)
            let headers = example.headers.isEmpty ? [] : [(example.headers[0], example.headers[1])]
            let isUnfinished = example.headers.first == "content-length"
            let answer = try await client.request(
                example.method, example.path, body: example.body, headers: headers, isComplete: !isUnfinished)
            #expect(answer.status == example.status)
            #expect(answer.body.contains(#""kind":"Status""#))
            // The connection continues.
            let next = try await client.request("GET", "/", body: "")
            #expect(next.status == "404")
            try await client.channel.close()
        }
    }

    @Test("HEAD gets an answer without a body over HTTP/2")
    func answersHEADWithoutABody() async throws {
        try await TestServer(isHTTP2: true).with { test in
            let client = try await HTTP2Client(port: test.port)
            for isComplete in [true, false] {
                let answer = try await client.request("HEAD", "/authenticate", isComplete: isComplete)
                #expect(answer.status == "405")
                #expect(answer.body.isEmpty)
            }
            try await client.channel.close()
        }
    }

    @Test("a body that does not end is cut off over HTTP/2")
    func cutsOffABodyThatDoesNotEnd() async throws {
        var limits = ServerLimits()
        limits.requestTimeout = .milliseconds(300)
        try await TestServer(limits: limits, isHTTP2: true).with { test in
            let client = try await HTTP2Client(port: test.port)
            let answer = try await client.request("POST", "/authenticate", body: "{", isComplete: false)
            #expect(answer.status == "408")
            try await client.channel.close()
        }
    }

    @Test("at shutdown GOAWAY is sent and requests that have begun are answered")
    func saysGoAwayAndAnswersWhatHasBegun() async throws {
        let promises = NIOLockedValueBox<[EventLoopPromise<Void>]>([])
        let services = ReviewServices(refreshKeys: { _, loop in
            let promise = loop.makePromise(of: Void.self)
            promises.withLockedValue { $0.append(promise) }
            return promise.futureResult
        })
        let test = try TestServer(isHTTP2: true, services: services, keys: KeySnapshot([:]))
        try await test.server.start()
        let client = try await HTTP2Client(port: test.port)
        async let answer = client.request("POST", "/authenticate", body: TestReviews.body(TestReviews.token()))
        while promises.withLockedValue({ $0.isEmpty }) { try await Task.sleep(for: .milliseconds(5)) }
        async let stopped: Void = test.server.stop(within: .seconds(10))
        while !test.server.isDraining { try await Task.sleep(for: .milliseconds(5)) }
        try await Task.sleep(for: .milliseconds(50))
        promises.withLockedValue { for promise in $0 { promise.succeed() } }
        let body = try await answer.body
        #expect(body.contains("keys_unavailable"))
        let start = ContinuousClock.now
        await stopped
        #expect(ContinuousClock.now - start < .seconds(5))
        try await client.channel.closeFuture.get()
    }

    @Test("an idle HTTP/2 connection is closed")
    func closesIdleConnections() async throws {
        var limits = ServerLimits()
        limits.idleTimeout = .milliseconds(200)
        try await TestServer(limits: limits, isHTTP2: true).with { test in
            let client = try await HTTP2Client(port: test.port)
            let start = ContinuousClock.now
            try await client.channel.closeFuture.get()
            #expect(ContinuousClock.now - start < .seconds(3))
        }
    }

    struct Abuse: Sendable, CustomTestStringConvertible {
        var name: String
        /// Sent once after the preface.
        var start: [UInt8] = []
        /// Sent repeatedly.
        var flood: @Sendable (_ round: Int) -> [UInt8]

        var testDescription: String { name }
    }

    private static func frame(_ type: UInt8, _ flags: UInt8, _ stream: Int, _ payload: [UInt8]) -> [UInt8] {
        let size = payload.count
        return [UInt8(size >> 16), UInt8(size >> 8 & 255), UInt8(size & 255), type, flags]
            + [UInt8(stream >> 24), UInt8(stream >> 16 & 255), UInt8(stream >> 8 & 255), UInt8(stream & 255)] + payload
    }

    /// POST https://a/authenticate from HPACK's static table and literals.
    private static let head: [UInt8] =
        [0x83, 0x87, 0x04, 13] + Array("/authenticate".utf8) + [0x01, 1, UInt8(ascii: "a")]

    @Test(
        "a violation of HTTP/2 ends its connection and no other",
        arguments: [
            Abuse(name: "rapid reset") { round in
                let stream = 2 * round + 1
                return frame(1, 4, stream, head) + frame(3, 0, stream, [0, 0, 0, 8])
            },
            Abuse(name: "window updates of nothing, to make the server reset") { round in
                let stream = 2 * round + 1
                return frame(1, 4, stream, head) + frame(8, 0, stream, [0, 0, 0, 0])
            },
            Abuse(name: "window updates that overflow, to make the server reset") { round in
                let stream = 2 * round + 1
                return frame(1, 4, stream, head) + frame(8, 0, stream, [0x7F, 0xFF, 0xFF, 0xFF])
            },
            Abuse(name: "CONTINUATION without end", start: frame(1, 0, 1, head)) { _ in frame(9, 0, 1, []) },
            Abuse(name: "pings") { _ in frame(6, 0, 0, [1, 2, 3, 4, 5, 6, 7, 8]) },
            Abuse(name: "settings") { _ in frame(4, 0, 0, []) },
            Abuse(name: "priorities") { _ in frame(2, 0, 1, [0, 0, 0, 3, 1]) },
            Abuse(name: "empty data", start: frame(1, 4, 1, head)) { _ in frame(0, 0, 1, []) },
            Abuse(name: "window updates of the connection") { _ in frame(8, 0, 0, [0, 0, 0, 1]) },
            Abuse(name: "unknown frames") { _ in frame(0x77, 0, 0, Array(repeating: 0, count: 100)) },
            Abuse(name: "a stream that depends on itself") { _ in frame(2, 0, 1, [0, 0, 0, 1, 1]) },
            Abuse(name: "a push promise") { _ in frame(5, 4, 1, [0, 0, 0, 2] + head) },
            Abuse(name: "a frame larger than allowed") { _ in frame(0, 0, 1, Array(repeating: 0, count: 20_000)) },
            Abuse(name: "headers beyond the limit") { round in
                let value = Array(repeating: UInt8(ascii: "a"), count: 120)
                let field: [UInt8] = [0x00, 1, UInt8(ascii: "x"), 120] + value
                return frame(1, 4, 2 * round + 1, head + Array(repeating: field, count: 120).flatMap(\.self))
            },
        ])
    func closesTheConnectionAndGoesOn(_ abuse: Abuse) async throws {
        var limits = ServerLimits()
        limits.headerBytes = 8192
        try await TestServer(limits: limits, isHTTP2: true).with { test in
            let channel = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .connect(host: "127.0.0.1", port: test.port).get()
            let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Self.frame(4, 0, 0, [])
            try? await channel.writeAndFlush(ByteBuffer(bytes: preface + abuse.start))
            var round = 0
            while channel.isActive, round < 200_000 {
                var buffer = ByteBuffer()
                for _ in 0..<100 {
                    buffer.writeBytes(abuse.flood(round))
                    round += 1
                }
                try? await channel.writeAndFlush(buffer)
            }
            // The server may not have read everything yet.
            for _ in 0..<1000 where channel.isActive { try await Task.sleep(for: .milliseconds(5)) }
            #expect(!channel.isActive, "still open after \(round) rounds")
            let good = try await HTTP2Client(port: test.port)
            let answer = try await good.request("POST", "/authenticate", body: TestReviews.body(TestReviews.token()))
            #expect(answer.body.contains(#""authenticated":true"#))
            try await good.channel.close()
            #expect(test.registry.exposition(.prometheus).contains("{cause=\"http2_violation\"} 1\n"))
            while test.server.ledger.openConnections > 0 { try await Task.sleep(for: .milliseconds(5)) }
            #expect(test.server.ledger.bytesInFlight == 0)
        }
    }
}
