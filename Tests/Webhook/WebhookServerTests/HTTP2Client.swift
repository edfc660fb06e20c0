import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOOpenSSL
import NIOPosix
import OpenSSL

/// A well-behaved HTTP/2 client without TLS.
struct HTTP2Client {
    struct Answer: Sendable {
        var status = ""
        var headers: [String: String] = [:]
        var body = ""
    }

    let channel: any Channel
    private let multiplexer: NIOHTTP2Handler.StreamMultiplexer

    init(port: Int, tls: TLSContext? = nil) async throws {
        // Set up before the first byte can arrive; otherwise the server's settings would be lost.
        (channel, multiplexer) = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            TLSHandler.client(context: tls, serverName: "127.0.0.1"))
                    }
                    let multiplexer = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                        mode: .client, connectionConfiguration: .init(), streamConfiguration: .init()
                    ) { stream in
                        stream.eventLoop.makeSucceededVoidFuture()
                    }
                    return (channel, multiplexer)
                }
            }
    }

    func request(
        _ method: String, _ path: String, body: String = "", headers: [(String, String)] = [], isComplete: Bool = true
    ) async throws -> Answer {
        let promise = channel.eventLoop.makePromise(of: Answer.self)
        let stream = try await multiplexer.createStreamChannel { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(Collector(promise))
            }
        }.get()
        var block = HPACKHeaders([
            (":method", method), (":scheme", "https"), (":path", path), (":authority", "webhook"),
        ])
        for (name, value) in headers { block.add(name: name, value: value) }
        let head = HTTP2Frame.FramePayload.headers(.init(headers: block, endStream: body.isEmpty && isComplete))
        if body.isEmpty {
            try await stream.writeAndFlush(head)
        } else {
            stream.write(head, promise: nil)
            let data = HTTP2Frame.FramePayload.Data(data: .byteBuffer(ByteBuffer(string: body)), endStream: isComplete)
            stream.writeAndFlush(HTTP2Frame.FramePayload.data(data), promise: nil)
        }
        return try await promise.futureResult.get()
    }

    struct Ended: Error {}

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = HTTP2Frame.FramePayload

        private let promise: EventLoopPromise<Answer>
        private var answer = Answer()

        init(_ promise: EventLoopPromise<Answer>) { self.promise = promise }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .headers(let frame):
                for header in frame.headers { answer.headers[header.name] = header.value }
                answer.status = frame.headers.first(name: ":status") ?? ""
                if frame.endStream { promise.succeed(answer) }
            case .data(let frame):
                if case .byteBuffer(let bytes) = frame.data { answer.body += String(buffer: bytes) }
                if frame.endStream { promise.succeed(answer) }
            default: break
            }
        }

        func channelInactive(context: ChannelHandlerContext) { promise.fail(Ended()) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
