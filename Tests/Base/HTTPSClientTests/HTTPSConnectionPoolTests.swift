import Addresses
import NIOCore
import NIOEmbedded
import NIOHTTP1
import OpenSSL
import Testing

@testable import HTTPSClient

/// One connection of a pool, whose other end is the test.
@Suite("Connections that stay open between requests") struct HTTPSConnectionPoolTests {
    private final class World {
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
        let world = try World()
        let first = try world.begin()
        #expect(try world.sent().hasPrefix("POST /v1.0/$batch HTTP/1.1\r\nHost: graph.example\r\nUser-Agent"))
        try world.answer(Self.answer)
        #expect(try first.wait().body == Array("ok".utf8) && world.channel.isActive)
        let second = world.pool.send(world.request, through: world.client)
        world.loop.run()
        #expect(try world.sent().hasPrefix("POST /v1.0/$batch"))
        try world.answer(Self.answer)
        #expect(try second.wait().status == 200 && world.channel.isActive)
        world.pool.close()
        world.loop.run()
        #expect(!world.channel.isActive)
    }

    @Test("the bound of an answer holds for each request anew")
    func bound() throws {
        let world = try World()
        let first = try world.begin()
        try world.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n1234\r\n")
        try world.answer("4\r\n5678\r\n0\r\n\r\n")
        #expect(try first.wait().body.count == 8)
        let second = world.pool.send(world.request, through: world.client)
        world.loop.run()
        try world.answer("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n123456789\r\n")
        world.loop.run()
        #expect(throws: HTTPSError.tooLarge) { try second.wait() }
        #expect(!world.channel.isActive)
    }

    @Test(
        "a connection that the server wants closed, or that says something unasked, is not used again",
        arguments: [
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", answer + "HTTP/1.1 200 OK\r\n\r\n",
            answer + "nonsense",
        ])
    func ends(answer: String) throws {
        let world = try World()
        let first = try world.begin()
        try? world.answer(answer)
        #expect(try first.wait().status == 200)
        world.loop.run()
        #expect(!world.channel.isActive)
    }

    @Test("a connection without a request ends after a time, unless one comes before")
    func idle() throws {
        let world = try World()
        let first = try world.begin()
        try world.answer(Self.answer)
        _ = try first.wait()
        world.loop.advanceTime(by: .seconds(59))
        #expect(world.channel.isActive)
        world.loop.advanceTime(by: .seconds(2))
        #expect(!world.channel.isActive)
    }

    @Test("a connection is not used for another client, with other trust")
    func route() throws {
        let world = try World()
        let first = try world.begin()
        try world.answer(Self.answer)
        _ = try first.wait()
        let other = HTTPSClient(context: try TLSContext(client: TLSClientConfiguration()))
        let route = HTTPSRoute(world.request, client: other)
        #expect(route != HTTPSRoute(world.request, client: world.client))
        #expect(route == HTTPSRoute(world.request, client: other))
        var elsewhere = world.request
        elsewhere.serverName = "other.example"
        #expect(HTTPSRoute(elsewhere, client: other) != route)
    }
}
