import NIOCore
import NIOEmbedded
import Testing

@testable import WebhookServer

@Suite struct HTTP1PipeliningTests {
    private static let request = "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"

    private static func blocked() throws -> HTTP1Harness {
        let harness = try HTTP1Harness()
        setWritable(false, harness)
        return harness
    }

    private static func setWritable(_ isWritable: Bool, _ harness: HTTP1Harness) {
        harness.channel.isWritable = isWritable
        harness.channel.pipeline.fireChannelWritabilityChanged()
        harness.channel.embeddedEventLoop.run()
    }

    @Test("requests that come while answers are not taken are answered, in order, once they are")
    func waitsForTheClient() throws {
        let harness = try Self.blocked()
        try harness.send(String(repeating: Self.request, count: 40))
        #expect(try harness.received().isEmpty)
        Self.setWritable(true, harness)
        #expect(HTTP1Harness.statuses(try harness.received()) == Array(repeating: 200, count: 40))
        #expect(harness.channel.isActive)
    }

    @Test("thousands of requests of a client that takes no answers are not kept, and it is cut at its deadline, once")
    func boundsTheQueue() throws {
        let harness = try Self.blocked()
        try harness.send(String(repeating: Self.request, count: 4000))
        harness.pass(.seconds(9))
        #expect(harness.channel.isActive)
        harness.pass(.seconds(2))
        harness.pass(.seconds(2))
        #expect(!harness.channel.isActive)
        #expect(harness.count(.answerTimeout) == 1)
        #expect(try harness.received().isEmpty)
        #expect(harness.ledger.bytesInFlight == 0)
    }

    @Test("an overlong queue behind a review that takes its time ends with that review's answer")
    func boundsTheQueueBehindAReview() throws {
        let loop = EmbeddedEventLoop()
        let answer = loop.makePromise(of: ServerResponse.self)
        var reviews = 0
        let harness = try HTTP1Harness(review: { _ in
            reviews += 1
            return .later(answer.futureResult)
        })
        try harness.send(String(repeating: Self.request, count: 4000))
        answer.succeed(ServerResponse(status: 200, body: ByteBuffer(string: "late")))
        harness.channel.embeddedEventLoop.run()
        #expect(HTTP1Harness.statuses(try harness.received()) == [200])
        #expect(!harness.channel.isActive)
        #expect(reviews == 1)
    }
}
