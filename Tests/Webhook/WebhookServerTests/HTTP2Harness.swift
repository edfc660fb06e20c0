import NIOCore
import NIOEmbedded
import Prometheus
import TestSupport

@testable import WebhookServer

/// An HTTP/2 connection without a socket and without TLS, with a clock that moves only on request.
final class HTTP2Harness {
    let channel = EmbeddedChannel()
    let registry = PrometheusRegistry()
    let ledger: ConnectionLimiter
    let state: EventLoopContext
    let time = ManualClock()
    private let socket = Socket()
    private var received: [UInt8] = []

    /// - Parameters:
    ///   - review: nil from it is an answer.
    ///   - beginning: what the client sends first: the preface with its SETTINGS, or part of it.
    init(
        limits: ServerLimits = ServerLimits(),
        beginning: ArraySlice<UInt8> = HTTP2Harness.beginning[...],
        review: ((ByteBuffer, any EventLoop) -> ReviewStep?)? = nil
    ) throws {
        ledger = ConnectionLimiter(limits: limits)
        let eventLoop = channel.eventLoop
        state = EventLoopContext(
            eventLoop: eventLoop, limits: limits, ledger: ledger,
            metrics: ServerMetrics(factory: registry, version: "0"),
            reviewer: TestReviewer { body in
                review?(body, eventLoop) ?? .answer(ServerResponse(status: 200, body: ByteBuffer(string: "y")))
            },
            clock: { [time] in time.now })
        try channel.pipeline.syncOperations.addHandler(socket)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try ConnectionSetup.configure(
            channel, state: state, isHTTP2: true,
            caller: ClientIdentity(isAllowed: true, name: nil, peer: nil))
        try send(Array(beginning))
        _ = try frames()
        socket.flushes = 0
    }

    /// The connection preface of a client, with its SETTINGS (RFC 9113 section 3.4).
    static let beginning = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + HTTP2WireFrame.make(.settings)

    deinit { _ = try? channel.finish(acceptAlreadyClosed: true) }

    /// How often something left since the connection was set up.
    var flushes: Int { socket.flushes }

    func pass(_ duration: Duration) {
        time.advance(by: TimeAmount(duration))
        state.tick()
        channel.embeddedEventLoop.run()
    }

    func send(_ bytes: [UInt8]) throws { try channel.writeInbound(ByteBuffer(bytes: bytes)) }

    /// The server's frames since the last call.
    func frames() throws -> [HTTP2WireFrame] {
        while let data = try channel.readOutbound(as: IOData.self) {
            if case .byteBuffer(let bytes) = data { received += bytes.readableBytesView }
        }
        var frames: [HTTP2WireFrame] = []
        while received.count >= 9 {
            let length = received[..<3].reduce(0) { $0 << 8 | Int($1) }
            guard received.count >= 9 + length else { break }
            frames.append(HTTP2WireFrame(Array(received[..<(9 + length)])))
            received.removeFirst(9 + length)
        }
        return frames
    }

    /// The streams whose answers have ended since the last call.
    func answered() throws -> [UInt32] {
        try frames().filter { $0.kind == .data && $0.flags & 1 == 1 }.map(\.stream).sorted()
    }

    func count(_ cause: RejectionCause) -> Int64 { registry.rejected(cause) }

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

struct HTTP2WireFrame {
    enum Kind: UInt8 {
        case data = 0
        case headers = 1
        case reset = 3
        case settings = 4
        case ping = 6
        case goAway = 7
        case windowUpdate = 8
        case continuation = 9
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
