import NIOCore
import NIOHTTP1

/// A request to the simulator.
struct SimulatedRequest {
    var method = HTTPMethod.GET
    /// The request's path, without its query.
    var path = ""
    var authorization: String?
    var body: [UInt8] = []
}

/// An answer of the simulator.
struct SimulatedAnswer {
    var status = HTTPResponseStatus.ok
    var type = "application/json"
    var location: String?
    var body: [UInt8] = []
    var isTruncated = false
}

/// Answers requests one after the other.
final class SimulatorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// More than any request to Graph has.
    private static let maximumBody = 1 << 20

    private let server: SimulatorServer
    private var request = SimulatedRequest()

    init(server: SimulatorServer) {
        self.server = server
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            request = SimulatedRequest(
                method: head.method, path: String(head.uri.prefix { $0 != "?" }),
                authorization: head.headers.first(name: "Authorization"))
        case .body(let bytes):
            guard request.body.count + bytes.readableBytes <= Self.maximumBody else {
                return context.close(promise: nil)
            }
            request.body += bytes.readableBytesView
        case .end: answer(context)
        }
    }

    private func answer(_ context: ChannelHandlerContext) {
        guard !server.hangsUp else { return context.close(promise: nil) }
        guard let answer = server.answer(request) else { return }
        var head = HTTPResponseHead(version: .http1_1, status: answer.status)
        head.headers.add(name: "Content-Type", value: answer.type)
        let length = answer.body.count + (answer.isTruncated ? 100 : 0)
        head.headers.add(name: "Content-Length", value: "\(length)")
        if let location = answer.location { head.headers.add(name: "Location", value: location) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: answer.body)))), promise: nil)
        if answer.isTruncated {
            context.flush()
            context.close(promise: nil)
        } else {
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
    }
}
