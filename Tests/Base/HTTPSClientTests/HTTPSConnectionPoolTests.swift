import Addresses
import NIOCore
import NIOEmbedded
import NIOHTTP1
import OpenSSL
import Testing

@testable import HTTPSClient

/// One connection of a pool, whose other end is the test.
@Suite("Connections that stay open between requests") struct HTTPSConnectionPoolTests {
    private final class PooledClient {
        let channel = EmbeddedChannel()
        let client: HTTPSClient
        let pool: HTTPSConnectionPool
        let request: HTTPSRequest

        var loop: EmbeddedEventLoop { channel.embeddedEventLoop }

        init() throws {
            client = HTTPSClient(
                context: try TLSContext(client: TLSClientConfiguration()), limits: HTTPSLimits(maximumBytes: 8))
            pool = HTTPSConnectionPool(eventLoop: channel.eventLoop, idleTime: .seconds(60))
            request = HTTPSRequest(.post, try #require(HTTPSURL("https://graph.example/v1.0/$batch")), body: [1, 2])
        }

        /// The first exchange, on a connection that the pool keeps afterwards.
        func begin() throws -> EventLoopFuture<HTTPSResponse> {
            let exchange = HTTPExchange(
                promise: channel.eventLoop.makePromise(), limits: client.limits, eventLoop: channel.eventLoop)
            let keeper = ConnectionKeeper(pool: pool, route: HTTPSRoute(request, client: client))
            try channel.pipeline.syncOperations.addHandlers(
                HTTPRequestEncoder(), ByteToMessageHandler(HTTPResponseDecoder()),
                ExchangeHandler(request: request, exchange: exchange, tls: nil, keeper: keeper))
            channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 443), promise: nil)
            exchange.connected(channel)
            return exchange.promise.futureResult
        }

        func answer(_ text: String) throws { try channel.writeInbound(ByteBuffer(string: text)) }

        /// What was sent since the last call.
        func sent() throws -> String {
            var text = ""
            while let part = try channel.readOutbound(as: IOData.self) {
                if case .byteBuffer(let bytes) = part { text += String(buffer: bytes) }
            }
            return text
        }
    }

    private static let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

    @Test("a second request goes over the connection of the first")
    func reuse() throws {
        let pooled = try PooledClient()
        let first = try pooled.begin()
        #expect(try pooled.sent().hasPrefix("POST /v1.0/$batch HTTP/1.1\r\nHost: graph.example\r\nUser-Agent"))
        try pooled.answer(Self.answer)
        #expect(try first.wait().body == Array("ok".utf8) && pooled.channel.isActive)
        let second = pooled.pool.send(pooled.request, through: pooled.client)
        pooled.loop.run()
        #expect(try pooled.sent().hasPrefix("POST /v1.0/$batch"))
        try pooled.answer(Self.answer)
        #expect(try second.wait().status == 200 && pooled.channel.isActive)
        pooled.pool.close()
        pooled.loop.run()
        #expect(!pooled.channel.isActive)
    }

    @Test("the bound of an answer holds for each request anew")
    func bound() throws {
        let pooled = try PooledClient()
        let first = try pooled.begin()
        try pooled.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n")
        try pooled.answer("4\r\n5678\r\n0\r\n\r\n")
        #expect(try first.wait().body.count == 8)
        let second = pooled.pool.send(pooled.request, through: pooled.client)
        pooled.loop.run()
        try pooled.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n")
        pooled.loop.run()
        #expect(throws: HTTPSError.tooLarge) { try second.wait() }
        #expect(!pooled.channel.isActive)
    }

    @Test(
        "a connection that the server wants closed, or that says something unasked, is not used again",
        arguments: [
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", answer + "HTTP/1.1 200 OK\r\n\r\n",
            answer + "nonsense",
        ])
    func ends(answer: String) throws {
        let pooled = try PooledClient()
        let first = try pooled.begin()
        try? pooled.answer(answer)
        #expect(try first.wait().status == 200)
        pooled.loop.run()
        #expect(!pooled.channel.isActive)
    }

    @Test("a connection without a request ends after a time, unless one comes before")
    func idle() throws {
        let pooled = try PooledClient()
        let first = try pooled.begin()
        try pooled.answer(Self.answer)
        _ = try first.wait()
        pooled.loop.advanceTime(by: .seconds(59))
        #expect(pooled.channel.isActive)
        pooled.loop.advanceTime(by: .seconds(2))
        #expect(!pooled.channel.isActive)
    }

    @Test("a connection is not used for another client, with other trust")
    func route() throws {
        let pooled = try PooledClient()
        let first = try pooled.begin()
        try pooled.answer(Self.answer)
        _ = try first.wait()
        let other = HTTPSClient(context: try TLSContext(client: TLSClientConfiguration()))
        let route = HTTPSRoute(pooled.request, client: other)
        #expect(route != HTTPSRoute(pooled.request, client: pooled.client))
        #expect(route == HTTPSRoute(pooled.request, client: other))
        var elsewhere = pooled.request
        elsewhere.serverName = "other.example"
        #expect(HTTPSRoute(elsewhere, client: other) != route)
    }
}
