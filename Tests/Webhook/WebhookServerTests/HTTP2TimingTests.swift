import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import WebhookServer

@Suite struct HTTP2TimingTests {
    struct Unfinished: Sendable, CustomTestStringConvertible {
        var name: String
        var beginning = HTTP2Harness.beginning[...]
        var sent: [UInt8] = []

        var testDescription: String { name }
    }

    private static let open = HTTP2WireFrame.make(.headers, on: 1, [0, 1])

    @Test(
        "what a client does not finish ends the connection at requestTimeout",
        arguments: [
            Unfinished(name: "a byte of the preface", beginning: HTTP2Harness.beginning[..<1]),
            Unfinished(name: "the preface without SETTINGS", beginning: HTTP2Harness.beginning[..<24]),
            Unfinished(name: "a byte of a frame", sent: [0]),
            Unfinished(name: "half of HEADERS", sent: Array(HTTP2WireFrame.head(1).dropLast(5))),
            Unfinished(name: "HEADERS without END_HEADERS", sent: open),
            Unfinished(name: "half of PING", sent: [0, 0, 8, 6, 0]),
        ])
    func endsAtRequestTimeout(_ example: Unfinished) throws {
        let harness = try HTTP2Harness(beginning: example.beginning)
        try harness.send(example.sent)
        harness.pass(.milliseconds(9900))
        #expect(harness.channel.isActive)
        harness.pass(.milliseconds(200))
        #expect(try harness.frames().map(\.kind) == [.goAway])
        #expect(!harness.channel.isActive)
        #expect(harness.count(.requestTimeout) == 1)
        #expect(harness.count(.idleTimeout) == 0)
        #expect(harness.state.memberCount == 0)
    }

    @Test("frames in the middle of a head that are sent now and then give it no more time")
    func continuations() throws {
        let harness = try HTTP2Harness()
        try harness.send(Self.open)
        for _ in 0..<3 {
            harness.pass(.seconds(3))
            #expect(harness.channel.isActive)
            try harness.send(HTTP2WireFrame.make(.continuation, on: 1, [0]))
        }
        harness.pass(.seconds(1))
        #expect(!harness.channel.isActive)
        #expect(harness.count(.requestTimeout) == 1)
    }

    @Test("a connection between requests stays, however long ago they were")
    func quiet() throws {
        let harness = try HTTP2Harness()
        for stream: UInt32 in [1, 3, 5] {
            try harness.send(HTTP2WireFrame.request(stream, "x"))
            #expect(try harness.answered() == [stream])
            for _ in 0..<11 { harness.pass(.seconds(10)) }
        }
        try harness.send(HTTP2WireFrame.request(7, "x"))
        #expect(try harness.answered() == [7])
        #expect(harness.count(.requestTimeout) == 0)
    }

    @Test("a head whose first byte arrived just now, after an event loop was held up, has all its time")
    func afterAStall() throws {
        let harness = try HTTP2Harness()
        let request = HTTP2WireFrame.request(1, "x")
        // Time passes without a sweep.
        harness.time.advance(by: .seconds(60))
        try harness.send([request[0]])
        harness.pass(.seconds(9))
        try harness.send(Array(request.dropFirst()))
        #expect(try harness.answered() == [1])
        #expect(harness.count(.requestTimeout) == 0)
    }

    @Test("each frame of a slow body has its own time, and the stream's deadline answers it")
    func slowBody() throws {
        let harness = try HTTP2Harness()
        try harness.send(HTTP2WireFrame.head(1))
        let part = HTTP2WireFrame.make(.data, on: 1, [1, 2, 3, 4])
        try harness.send(Array(part[..<10]))
        for _ in 0..<9 {
            harness.pass(.seconds(1))
            try harness.send(Array(part[10...] + part[..<10]))
        }
        harness.pass(.seconds(1))
        #expect(try harness.answered() == [1])
        #expect(harness.count(.requestTimeout) == 1)
        #expect(harness.channel.isActive)
        #expect(harness.ledger.bytesInFlight == 0)
    }

    @Test("requests before a head that does not end are answered first")
    func answersWhatIsWhole() throws {
        var promises: [EventLoopPromise<ServerResponse>] = []
        var limits = ServerLimits()
        limits.requestTimeout = .seconds(2)
        let harness = try HTTP2Harness(limits: limits) { _, eventLoop in
            promises.append(eventLoop.makePromise())
            return .later(promises[0].futureResult)
        }
        try harness.send(HTTP2WireFrame.request(1, "x") + [0])
        harness.pass(.seconds(2))
        #expect(try harness.frames().map(\.kind) == [.goAway])
        harness.pass(.seconds(2))
        #expect(harness.channel.isActive)
        promises.first?.succeed(ServerResponse(status: 200, body: ByteBuffer(string: "y")))
        #expect(try harness.answered() == [1])
        harness.pass(.zero)
        #expect(!harness.channel.isActive)
        #expect(harness.count(.requestTimeout) == 1)
    }
}
