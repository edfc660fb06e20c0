import NIOCore
import NIOEmbedded
import Testing

@testable import HTTPSClient

@Suite struct HTTPExchangeTests {
    @Test("a connection whose future is noticed after the handshake has no negative time")
    func latePromise() async throws {
        let channel = EmbeddedChannel()
        let exchange = HTTPExchange(
            promise: channel.eventLoop.makePromise(), limits: HTTPSLimits(), eventLoop: channel.eventLoop)
        try channel.pipeline.syncOperations.addHandler(ConnectionClock(exchange: exchange))
        channel.pipeline.fireChannelActive()
        exchange.written()
        try await Task.sleep(for: .milliseconds(5))
        exchange.connected(channel)
        let times = exchange.times()
        #expect(times.handshaking >= .zero)
        #expect(times.connecting >= .zero && times.answering >= .milliseconds(5))
        exchange.fail(.deadline)
    }
}
