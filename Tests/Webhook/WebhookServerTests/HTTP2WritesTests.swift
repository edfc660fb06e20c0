import NIOCore
import NIOEmbedded
import Prometheus
import Testing

@testable import WebhookServer

@Suite struct HTTP2WritesTests {
    @Test("the answers to all requests of a read leave with one write", arguments: [1, 2, 16, 100])
    func answersOfAReadLeaveTogether(count: Int) throws {
        let connection = try Connection()
        let streams = (0..<count).map { UInt32(2 * $0 + 1) }
        try connection.send(streams.flatMap { Frame.request($0, "x") })
        #expect(connection.flushes == 1)
        #expect(try connection.answered() == streams)
    }

    @Test("the answers to two reads leave with two writes")
    func answersOfTwoReads() throws {
        let connection = try Connection()
        try connection.send(Frame.request(1, "x") + Frame.request(3, "x"))
        try connection.send(Frame.request(5, "x"))
        #expect(connection.flushes == 2)
        #expect(try connection.answered() == [1, 3, 5])
    }

    @Test("a request whose end arrives later does not hold back the others of a read")
    func unfinishedRequest() throws {
        let connection = try Connection()
        let (begin, end) = (Frame.request(3, "x").dropLast(1), Frame.request(3, "x").suffix(1))
        try connection.send(Frame.request(1, "x") + begin)
        #expect(try connection.answered() == [1])
        try connection.send(Array(end))
        #expect(try connection.answered() == [3])
        #expect(connection.flushes == 2)
    }

    @Test("an answer does not wait for a review that has to wait")
    func waitingReview() throws {
        var promises: [EventLoopPromise<ServerResponse>] = []
        let connection = try Connection { body, eventLoop in
            guard String(buffer: body) == "later" else { return nil }
            promises.append(eventLoop.makePromise())
            return .later(promises[0].futureResult)
        }
        try connection.send(Frame.request(1, "later") + Frame.request(3, "x"))
        #expect(try connection.answered() == [3])
        #expect(connection.flushes == 1)
        try #require(promises.count == 1)
        promises[0].succeed(ServerResponse(status: 200, body: ByteBuffer(string: "y")))
        #expect(try connection.answered() == [1])
        #expect(connection.flushes == 2)
    }

    @Test("a review whose stream was reset while it waited is not answered")
    func resetWhileWaiting() throws {
        var promises: [EventLoopPromise<ServerResponse>] = []
        let connection = try Connection { _, eventLoop in
            promises.append(eventLoop.makePromise())
            return .later(promises[0].futureResult)
        }
        try connection.send(Frame.request(1, "later"))
        #expect(connection.ledger.bytesInFlight == 5)
        try connection.send(Frame.make(.reset, on: 1, [0, 0, 0, 8]))
        #expect(connection.ledger.bytesInFlight == 0)
        try #require(promises.count == 1)
        promises[0].succeed(ServerResponse(status: 200, body: ByteBuffer(string: "y")))
        #expect(try connection.frames().isEmpty)
    }

    @Test("a body may be larger than a stream's window")
    func largeBody() throws {
        var limits = ServerLimits()
        limits.bodyBytes = 200_000
        let connection = try Connection(limits: limits) { body, _ in
            .answer(ServerResponse(status: 200, body: ByteBuffer(string: "\(body.readableBytes)")))
        }
        let part = [UInt8](repeating: 0x78, count: 16_384)
        var window = 65_535
        try connection.send(Frame.head(1))
        for index in 0..<10 {
            try #require(window >= part.count, "the window was not opened again after \(index) parts")
            try connection.send(Frame.make(.data, flags: index == 9 ? 1 : 0, on: 1, part))
            window -= part.count
            let frames = try connection.frames()
            for frame in frames where frame.kind == .windowUpdate && frame.stream == 1 {
                window += frame.payload.reduce(0) { $0 << 8 | Int($1) }
            }
            #expect(window <= 65_535)
            if index == 9 { #expect(frames.last.map { String(decoding: $0.payload, as: UTF8.self) } == "163840") }
        }
    }

    @Test("streams of a connection that ends are forgotten")
    func connectionEnds() throws {
        let connection = try Connection { _, eventLoop in .later(eventLoop.makePromise().futureResult) }
        try connection.send(Frame.request(1, "abc") + Frame.request(3, "de").dropLast(1))
        #expect(connection.ledger.bytesInFlight == 4)
        #expect(connection.state.memberCount == 3)
        connection.channel.close(promise: nil)
        #expect(connection.ledger.bytesInFlight == 0)
        #expect(connection.state.memberCount == 0)
    }
}

/// A server's connection without a socket and without TLS.
private final class Connection {
    let channel = EmbeddedChannel()
    let ledger: ConnectionLimiter
    let state: EventLoopContext
    private let socket = Socket()
    private var received: [UInt8] = []

    /// - Parameter review: nil from it is an answer.
    init(
        limits: ServerLimits = ServerLimits(),
        review: ((ByteBuffer, any EventLoop) -> ReviewStep?)? = nil
    ) throws {
        ledger = ConnectionLimiter(limits: limits)
        let eventLoop = channel.eventLoop
        state = EventLoopContext(
            eventLoop: eventLoop, limits: limits, ledger: ledger,
            metrics: ServerMetrics(factory: PrometheusRegistry(), version: "0"),
            reviewer: TestReviewer { body in
                review?(body, eventLoop) ?? .answer(ServerResponse(status: 200, body: ByteBuffer(string: "y")))
            })
        try channel.pipeline.syncOperations.addHandler(socket)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try ConnectionSetup.configure(
            channel, state: state, isHTTP2: true,
            caller: ClientIdentity(isAllowed: true, name: nil, peer: nil))
        try send(Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + Frame.make(.settings))
        _ = try frames()
        socket.flushes = 0
    }

    deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

    /// How often something left since the connection was set up.
    var flushes: Int { socket.flushes }

    func send(_ bytes: [UInt8]) throws { try channel.writeInbound(ByteBuffer(bytes: bytes)) }

    /// The server's frames since the last call.
    func frames() throws -> [Frame] {
        while let data = try channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let bytes) = data { received += bytes.readableBytesView }
        }
        var frames: [Frame] = []
        while received.count >= 9 {
            let length = received[..<3].reduce(0) { $0 << 8 | Int($1) }
            guard received.count >= 9 + length else { break }
            frames.append(Frame(Array(received[..<(9 + length)])))
            received.removeFirst(9 + length)
        }
        return frames
    }

    /// The streams whose answers have ended since the last call.
    func answered() throws -> [UInt32] {
        try frames().filter { $0.kind == .data && $0.flags & 1 == 1 }.map(\.stream).sorted()
    }

    /// Counts flushes of something.
    private final class Socket: ChannelOutboundHandler {
        typealias OutboundIn = IOData

        var flushes = 0
        private var hasWritten = false

        func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
            hasWritten = true
            context.write(data, promise: promise)
        }

        func flush(context: ChannelHandlerContext) {
            if hasWritten { flushes += 1 }
            hasWritten = false
            context.flush()
        }
    }
}

private struct Frame {
    enum Kind: UInt8 {
        case data = 0
        case headers = 1
        case reset = 3
        case settings = 4
        case windowUpdate = 8
        case other = 255
    }

    let kind: Kind
    let flags: UInt8
    let stream: UInt32
    let payload: [UInt8]

    init(_ bytes: [UInt8]) {
        kind = Kind(rawValue: bytes[3]) ?? .other
        flags = bytes[4]
        stream = bytes[5..<9].reduce(0) { $0 << 8 | UInt32($1) }
        payload = Array(bytes[9...])
    }

    static func make(_ kind: Kind, flags: UInt8 = 0, on stream: UInt32 = 0, _ payload: [UInt8] = []) -> [UInt8] {
        let length = payload.count
        var frame = [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), kind.rawValue, flags]
        for shift: UInt32 in [24, 16, 8, 0] { frame.append(UInt8(stream >> shift & 255)) }
        return frame + payload
    }

    /// The header block of a review, as literals without indexing (RFC 7541 section 6.2.2).
    static func head(_ stream: UInt32) -> [UInt8] {
        let fields = [
            (":method", "POST"), (":scheme", "https"), (":path", "/authenticate"), (":authority", "a"),
            ("content-type", "application/json"),
        ]
        var block: [UInt8] = []
        for (name, value) in fields {
            block += [0, UInt8(name.utf8.count)] + Array(name.utf8) + [UInt8(value.utf8.count)] + Array(value.utf8)
        }
        return make(.headers, flags: 4, on: stream, block)
    }

    static func request(_ stream: UInt32, _ body: String) -> [UInt8] {
        head(stream) + make(.data, flags: 1, on: stream, Array(body.utf8))
    }
}
