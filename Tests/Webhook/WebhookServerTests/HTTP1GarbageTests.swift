import NIOCore
import NIOEmbedded
import Testing

@testable import WebhookServer

@Suite struct HTTP1GarbageTests {
    @Test("garbage behind a request that waits costs it no answer, in however many pieces it comes")
    func behindAWaitingReview() throws {
        var promise: EventLoopPromise<ServerResponse>?
        var eventLoop: (any EventLoop)?
        let harness = try HTTP1Harness { _ in
            guard let made = eventLoop?.makePromise(of: ServerResponse.self) else {
                return .answer(ServerResponse(status: 500, body: ByteBuffer()))
            }
            promise = made
            return .later(made.futureResult)
        }
        eventLoop = harness.channel.eventLoop
        try harness.send("POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}")
        for _ in 0..<3 { harness.channel.pipeline.fireChannelRead(ByteBuffer(string: "\u{1}garbage\r\n\r\n")) }
        #expect(harness.channel.isActive)
        promise?.succeed(ServerResponse(status: 200, body: ByteBuffer(string: "<{}>")))
        harness.channel.embeddedEventLoop.run()
        let answer = try harness.received()
        #expect(HTTP1Harness.statuses(answer) == [200])
        #expect(answer.contains("connection: close"))
        harness.pass(.seconds(2))
        #expect(!harness.channel.isActive)
    }

    @Test("what follows an unreadable head does not cut its answer off")
    func behindAnUnreadableHead() throws {
        let harness = try HTTP1Harness()
        for _ in 0..<3 { harness.channel.pipeline.fireChannelRead(ByteBuffer(string: "\u{1}garbage\r\n\r\n")) }
        harness.channel.pipeline.fireChannelReadComplete()
        #expect(harness.channel.isActive)
        #expect(HTTP1Harness.statuses(try harness.received()) == [400])
        harness.pass(.seconds(2))
        #expect(!harness.channel.isActive)
    }
}
