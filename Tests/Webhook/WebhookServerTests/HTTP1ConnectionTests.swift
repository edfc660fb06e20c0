import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import WebhookServer

@Suite struct HTTP1ConnectionTests {
    struct Exchange: Sendable, CustomTestStringConvertible {
        var name: String
        var request: String
        var statuses: [Int]
        var closes = false

        var testDescription: String { name }
    }

    private static let plain = "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
    private static let chunked = "POST /authenticate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"

    static let exchanges = [
        Exchange(name: "a review", request: plain, statuses: [200]),
        Exchange(name: "two, pipelined", request: plain + plain, statuses: [200, 200]),
        Exchange(
            name: "chunked", request: chunked + "\r\n1\r\nh\r\n1\r\ni\r\n0\r\n\r\n" + plain, statuses: [200, 200]),
        Exchange(
            name: "GET and then a review", request: "GET / HTTP/1.1\r\nHost: a\r\n\r\n" + plain, statuses: [404, 200]),
        Exchange(
            name: "wants to close",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi"
                + plain,
            statuses: [200], closes: true),
        Exchange(
            name: "HTTP/1.0", request: "POST /authenticate HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi", statuses: [200],
            closes: true),
        Exchange(
            name: "HTTP/1.0 that would stay",
            request: "POST /authenticate HTTP/1.0\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nhi",
            statuses: [200], closes: true),
        Exchange(
            name: "wrong path with a body",
            request: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" + plain,
            statuses: [404], closes: true),
        Exchange(
            name: "method that nobody knows", request: "BREW /authenticate HTTP/1.1\r\nHost: a\r\n\r\n",
            statuses: [400],
            closes: true),
        Exchange(
            name: "POST without length", request: "POST /authenticate HTTP/1.1\r\nHost: a\r\n\r\n", statuses: [411]),
        Exchange(
            name: "length and coding", request: chunked + "Content-Length: 5\r\n\r\n0\r\n\r\n", statuses: [400],
            closes: true),
        Exchange(
            name: "coding and length the other way round",
            request:
                "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            statuses: [400], closes: true),
        Exchange(
            name: "two lengths",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\nhi",
            statuses: [400], closes: true),
        Exchange(
            name: "list of lengths",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\nhi", statuses: [400],
            closes: true),
        Exchange(
            name: "length with a sign",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\nhi", statuses: [400],
            closes: true),
        Exchange(
            name: "negative length",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\nhi", statuses: [400],
            closes: true),
        Exchange(
            name: "huge length",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\nhi",
            statuses: [400], closes: true),
        Exchange(
            name: "length over the limit",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\nhi", statuses: [413],
            closes: true),
        Exchange(
            name: "gzip under the chunks",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
            statuses: [400], closes: true),
        Exchange(
            name: "two codings",
            request:
                "POST /authenticate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
            statuses: [400], closes: true),
        Exchange(
            name: "coding with a tab before the colon",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n",
            statuses: [400], closes: true),
        Exchange(
            name: "coding in HTTP/1.0",
            request: "POST /authenticate HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", statuses: [400],
            closes: true),
        Exchange(name: "chunk size that is none", request: chunked + "\r\nx\r\n", statuses: [400], closes: true),
        Exchange(
            name: "chunk size beyond 64 bits", request: chunked + "\r\nfffffffffffffffff\r\n", statuses: [400],
            closes: true),
        Exchange(
            name: "chunks over the limit", request: chunked + "\r\n65\r\n" + String(repeating: "x", count: 101),
            statuses: [413], closes: true),
        Exchange(
            name: "folded header",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nX: b\r\n c\r\nContent-Length: 2\r\n\r\nhi",
            statuses: [400], closes: true),
        Exchange(
            name: "bare line feeds", request: "POST /authenticate HTTP/1.1\nHost: a\nContent-Length: 2\n\nhi",
            statuses: [400], closes: true),
        Exchange(
            name: "NUL in a header",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nX: a\u{0}b\r\nContent-Length: 2\r\n\r\nhi",
            statuses: [400], closes: true),
        Exchange(
            name: "no host", request: "POST /authenticate HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi", statuses: [400],
            closes: true),
        Exchange(
            name: "two hosts",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 2\r\n\r\nhi",
            statuses: [400], closes: true),
        Exchange(
            name: "empty host", request: "POST /authenticate HTTP/1.1\r\nHost:\r\nContent-Length: 2\r\n\r\nhi",
            statuses: [400], closes: true),
        Exchange(
            name: "host with a path",
            request: "POST /authenticate HTTP/1.1\r\nHost: a/b\r\nContent-Length: 2\r\n\r\nhi",
            statuses: [400], closes: true),
        Exchange(
            name: "huge host",
            request:
                "POST /authenticate HTTP/1.1\r\nHost: \(String(repeating: "a", count: 300))\r\nContent-Length: 2\r\n\r\nhi",
            statuses: [400], closes: true),
        Exchange(
            name: "absolute URI",
            request: "POST http://a/authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", statuses: [400],
            closes: true),
        Exchange(name: "CONNECT", request: "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n", statuses: [404], closes: true),
        Exchange(name: "OPTIONS *", request: "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", statuses: [404]),
        Exchange(
            name: "upgrade to h2c",
            request:
                "POST /authenticate HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\nContent-Length: 2\r\n\r\nhi",
            statuses: [200], closes: true),
        Exchange(
            name: "HTTP/2 preface", request: "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", statuses: [400], closes: true),
        Exchange(name: "version 0.9", request: "GET /\r\n\r\n", statuses: [400], closes: true),
        Exchange(
            name: "TLS on the plain side", request: "\u{16}\u{3}\u{1}\u{2}\u{0}", statuses: [400], closes: true),
        Exchange(
            name: "headers over the limit",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\nX: \(String(repeating: "a", count: 2000))\r\n\r\n",
            statuses: [431], closes: true),
        Exchange(
            name: "many small headers",
            request: "POST /authenticate HTTP/1.1\r\nHost: a\r\n\(String(repeating: "a: b\r\n", count: 101))\r\n",
            statuses: [431], closes: true),
        Exchange(
            name: "endless trailers",
            request: chunked + "\r\n0\r\nX: \(String(repeating: "a", count: 2000))\r\n\r\n", statuses: [431],
            closes: true),
    ]

    private static var limits: ServerLimits {
        var limits = ServerLimits()
        limits.bodyBytes = 100
        limits.headerBytes = 1000
        return limits
    }

    @Test("each request gets its answer", arguments: exchanges)
    func answers(_ exchange: Exchange) throws {
        let harness = try HTTP1Harness(limits: Self.limits)
        try harness.send(exchange.request)
        try check(exchange, harness)
    }

    @Test("a request in pieces gets the same answer", arguments: exchanges)
    func answersTheSameInPieces(_ exchange: Exchange) throws {
        var random = SplitMix(seed: UInt64(exchange.request.utf8.count))
        for _ in 0..<20 {
            let harness = try HTTP1Harness(limits: Self.limits)
            var rest = Array(exchange.request.utf8)[...]
            while !rest.isEmpty, harness.channel.isActive {
                let count = min(rest.count, Int.random(in: 1...9, using: &random))
                try harness.channel.writeInbound(ByteBuffer(bytes: rest.prefix(count)))
                rest = rest.dropFirst(count)
            }
            try check(exchange, harness)
        }
    }

    private func check(_ exchange: Exchange, _ harness: HTTP1Harness) throws {
        let text = try harness.received()
        #expect(HTTP1Harness.statuses(text) == exchange.statuses, "\(text)")
        #expect(text.contains("connection: close") == exchange.closes)
        harness.pass(.seconds(2))
        #expect(harness.channel.isActive != exchange.closes)
        #expect(harness.ledger.bytesInFlight == 0)
        _ = try? harness.channel.finish(acceptAlreadyClosed: true)
        #expect(harness.state.memberCount == 0)
    }

    @Test("an answer is written with all its headers")
    func writesWholeAnswers() throws {
        let harness = try HTTP1Harness()
        try harness.send(Self.plain)
        let text = try harness.received()
        #expect(text.hasPrefix("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 4\r\ndate: "))
        #expect(text.hasSuffix(" GMT\r\n\r\n<hi>"))
    }

    @Test("HEAD gets an answer without a body")
    func answersHEADWithoutABody() throws {
        let harness = try HTTP1Harness()
        try harness.send("HEAD /authenticate HTTP/1.1\r\nHost: a\r\n\r\nGET /authenticate HTTP/1.1\r\nHost: a\r\n\r\n")
        let answers = try harness.received().components(separatedBy: "\r\n\r\n")
        #expect(answers.count == 3)
        #expect(answers[1].hasPrefix("HTTP/1.1 405 "))
        #expect(answers[2].contains(#""code":405"#))
    }

    @Test("a refused method is answered with the one that is allowed")
    func tellsWhichMethodItTakes() throws {
        let harness = try HTTP1Harness()
        try harness.send("PUT /authenticate HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try harness.received().contains("\r\nallow: POST\r\n"))
        #expect(harness.count(.methodNotAllowed) == 1)
    }

    @Test("100-continue asks for a body before it is sent")
    func asksForTheBodyBeforeItIsSent() throws {
        let harness = try HTTP1Harness()
        try harness.send("POST /authenticate HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        #expect(try harness.received() == "HTTP/1.1 100 Continue\r\n\r\n")
        try harness.send("hi")
        #expect(HTTP1Harness.statuses(try harness.received()) == [200])
    }

    @Test("a client of another name is refused before its body is read")
    func refusesAClientOfAnotherNameBeforeTheBody() throws {
        let harness = try HTTP1Harness(isClientAllowed: false)
        try harness.send("POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n")
        #expect(HTTP1Harness.statuses(try harness.received()) == [403])
        #expect(harness.count(.clientName) == 1)
    }
}
