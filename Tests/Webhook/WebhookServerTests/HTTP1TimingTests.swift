import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import WebhookServer

@Suite struct HTTP1TimingTests {
    private static let plain = "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"

    @Test("a head that does not end is cut off")
    func cutsOffAHeadThatDoesNotEnd() throws {
        let harness = try HTTP1Harness()
        try harness.send("POST /authenticate HTTP/1.1\r\nHo")
        harness.pass(.seconds(9))
        try harness.send("s")
        #expect(harness.channel.isActive)
        harness.pass(.seconds(1))
        #expect(HTTP1Harness.statuses(try harness.received()) == [408])
        harness.pass(.seconds(1))
        #expect(!harness.channel.isActive)
        #expect(harness.count(.requestTimeout) == 1)
    }

    @Test("a body that does not end is cut off")
    func cutsOffABodyThatDoesNotEnd() throws {
        let harness = try HTTP1Harness()
        try harness.send("POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n")
        for _ in 0..<10 {
            #expect(harness.channel.isActive)
            try harness.send("x")
            harness.pass(.seconds(1))
        }
        #expect(HTTP1Harness.statuses(try harness.received()) == [408])
        #expect(harness.ledger.bytesInFlight == 0)
    }

    @Test("an idle connection is closed without a word")
    func closesIdleConnectionsInSilence() throws {
        let harness = try HTTP1Harness()
        try harness.send(Self.plain)
        _ = try harness.received()
        harness.pass(.seconds(119))
        #expect(harness.channel.isActive)
        harness.pass(.seconds(1))
        #expect(!harness.channel.isActive)
        #expect(try harness.received().isEmpty)
    }

    @Test("an idle connection has its grace period after an event loop was held up")
    func givesAnIdleConnectionItsGraceAlsoAfterALoopWasHeldUp() throws {
        let harness = try HTTP1Harness()
        try harness.send(Self.plain)
        _ = try harness.received()
        // Time passes without a sweep.
        harness.time.advance(by: .seconds(2))
        harness.state.retireMembers()
        harness.pass(.milliseconds(200))
        try harness.send(Self.plain)
        #expect(HTTP1Harness.statuses(try harness.received()) == [200])
        #expect(!harness.channel.isActive)
    }

    @Test("a connection in use ends with the next answer once the client's certificate has expired")
    func retiresWithTheCertificate() throws {
        let box = Promises()
        let harness = try HTTP1Harness(certificateLasts: .seconds(5), review: box.later)
        box.eventLoop = harness.channel.eventLoop
        try harness.send(Self.plain)
        box.succeed("first", on: harness)
        #expect(try !harness.received().contains("connection: close"))
        try harness.send(Self.plain)
        harness.pass(.seconds(5))
        #expect(harness.channel.isActive, "its review is under way")
        box.succeed("second", on: harness)
        let last = try harness.received()
        #expect(last.contains("connection: close") && last.hasSuffix("second"))
        #expect(!harness.channel.isActive)
        #expect(harness.count(.idleTimeout) == 0 && harness.count(.answerTimeout) == 0)
    }

    @Test("an idle connection ends soon after the client's certificate has expired")
    func idleEndsWithTheCertificate() throws {
        let harness = try HTTP1Harness(certificateLasts: .seconds(5))
        harness.pass(.milliseconds(4900))
        #expect(harness.channel.isActive && harness.state.memberCount == 1)
        harness.pass(.milliseconds(100))
        harness.pass(.milliseconds(500))
        #expect(!harness.channel.isActive && harness.count(.idleTimeout) == 0)
    }

    @Test("pipelined requests are answered in order")
    func answersPipelinedRequestsInOrder() throws {
        let box = Promises()
        let harness = try HTTP1Harness(review: box.later)
        box.eventLoop = harness.channel.eventLoop
        try harness.send("POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n1")
        try harness.send(
            "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n2GET /x HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try harness.received().isEmpty)
        #expect(box.count == 1)
        box.succeed("first", on: harness)
        #expect(try harness.received().hasSuffix("first"))
        #expect(box.count == 1)
        box.succeed("second", on: harness)
        let rest = try harness.received()
        #expect(rest.contains("second"))
        #expect(HTTP1Harness.statuses(rest) == [200, 404])
        #expect(harness.ledger.bytesInFlight == 0)
    }

    @Test("the memory of a client that vanished is given back")
    func givesBackWhatAVanishedClientHeld() throws {
        let box = Promises()
        let harness = try HTTP1Harness(review: box.later)
        box.eventLoop = harness.channel.eventLoop
        try harness.send(Self.plain)
        #expect(harness.ledger.bytesInFlight == 2)
        _ = try harness.channel.finish()
        #expect(harness.ledger.bytesInFlight == 0)
        box.succeed("late", on: harness)
        #expect(harness.state.memberCount == 0)
    }

    @Test("a connection that is retired ends after its answer")
    func endsAfterTheAnswerWhenRetired() throws {
        let harness = try HTTP1Harness()
        try harness.send("POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nh")
        harness.state.drain()
        try harness.send("i")
        let text = try harness.received()
        #expect(HTTP1Harness.statuses(text) == [200])
        #expect(text.contains("\r\nconnection: close\r\n"))
        #expect(!harness.channel.isActive)
    }

    @Test("an idle connection that is retired has a moment for a request")
    func givesAnIdleConnectionAMomentWhenRetired() throws {
        let harness = try HTTP1Harness()
        harness.state.drain()
        try harness.send(Self.plain)
        #expect(HTTP1Harness.statuses(try harness.received()) == [200])
        #expect(!harness.channel.isActive)

        let idle = try HTTP1Harness()
        idle.state.drain()
        idle.pass(.milliseconds(400))
        #expect(idle.channel.isActive)
        idle.pass(.milliseconds(100))
        #expect(!idle.channel.isActive)
    }

    @Test("a client that does not read its answers is cut off")
    func cutsOffAClientThatDoesNotReadItsAnswers() throws {
        let harness = try HTTP1Harness()
        harness.channel.isWritable = false
        harness.channel.pipeline.fireChannelWritabilityChanged()
        harness.pass(.seconds(9))
        #expect(harness.channel.isActive)
        harness.pass(.seconds(1))
        #expect(!harness.channel.isActive)
        #expect(harness.count(.answerTimeout) == 1)
    }

    @Test("requests are refused while too many bytes are in flight")
    func shedsLoadWhenTooMuchIsInFlight() throws {
        var limits = ServerLimits()
        limits.bytesInFlight = 10
        let harness = try HTTP1Harness(limits: limits)
        try harness.send(
            "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n12345678901")
        let text = try harness.received()
        #expect(HTTP1Harness.statuses(text) == [503])
        #expect(text.contains("\r\nretry-after: 1\r\n"))
        #expect(harness.count(.bytesInFlight) == 1)
        #expect(harness.ledger.bytesInFlight == 0)
    }
}

/// Reviews that wait until the test answers them.
private final class Promises {
    private var open: [EventLoopPromise<ServerResponse>] = []
    var eventLoop: any EventLoop = EmbeddedEventLoop()

    var count: Int { open.count }

    var later: (ByteBuffer) -> ReviewStep {
        { _ in
            let promise = self.eventLoop.makePromise(of: ServerResponse.self)
            self.open.append(promise)
            return .later(promise.futureResult)
        }
    }

    func succeed(_ text: String, on harness: HTTP1Harness) {
        open.removeFirst().succeed(ServerResponse(status: 200, body: ByteBuffer(string: text)))
        harness.channel.embeddedEventLoop.run()
    }
}
