import NIOCore
import NIOHTTP1
import Timestamps

/// One plain HTTP/1.1 connection to the operations listener: GET and HEAD, no bodies.
final class OperationsConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    static let headerBytes = 8192
    static let requestTimeout = TimeAmount.seconds(5)
    static let answerTimeout = TimeAmount.seconds(5)
    static let idleTimeout = TimeAmount.seconds(90)

    private let routes: OperationsRoutes
    private var head: HTTPRequestHead?
    private var isAnswering = false
    private var isClosing = false
    private var timeout: Scheduled<Void>?

    init(routes: OperationsRoutes) {
        self.routes = routes
    }

    func channelActive(context: ChannelHandlerContext) {
        closeLater(Self.requestTimeout, context)
        context.fireChannelActive()
    }

    func channelInactive(context: ChannelHandlerContext) {
        timeout?.cancel()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isClosing else { return }
        switch unwrapInboundIn(data) {
        case .head(let head):
            // This listener does not support a second request before the first is answered.
            guard !isAnswering else { return close(context) }
            self.head = head
            closeLater(Self.requestTimeout, context)
        case .body:
            write(.plain(413, "requests here have no body\n"), to: nil, closes: true, context: context)
        case .end:
            guard let head else { return }
            answer(head, context: context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard !isClosing, error is HTTPParserError else { return close(context) }
        let isTooLarge = error as? HTTPParserError == .headerOverflow
        write(
            isTooLarge ? .plain(431, "headers too large\n") : .plain(400, "bad request\n"), to: nil, closes: true,
            context: context)
    }

    private func answer(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        isAnswering = true
        guard let summary = RequestHead(head) else {
            return write(.plain(400, "bad request\n"), to: head, closes: true, context: context)
        }
        guard summary.expectation != .unknown else {
            return write(.plain(417, "only 100-continue can be expected\n"), to: head, closes: true, context: context)
        }
        let request = OperationsRequest(
            target: head.uri, accept: Self.accept(head), host: head.headers.first(name: "host"))
        guard routes.knows(request.path) else {
            return write(.plain(404, "not found\n"), to: head, context: context)
        }
        guard head.method == .GET || head.method == .HEAD else {
            var response = ServerResponse.plain(405, "method not allowed\n")
            response.headers.append(.init(name: "allow", value: "GET, HEAD"))
            return write(response, to: head, context: context)
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        routes.answer(request, on: context.eventLoop).assumeIsolated().whenComplete { result in
            let response = (try? result.get()) ?? .plain(500, "internal error\n")
            self.write(response, to: head, context: bound.value)
        }
    }

    /// Several fields form one list.
    private static func accept(_ head: HTTPRequestHead) -> String? {
        let values = head.headers["accept"]
        return values.isEmpty ? nil : values.joined(separator: ",")
    }

    private func write(
        _ response: ServerResponse, to head: HTTPRequestHead?, closes: Bool = false, context: ChannelHandlerContext
    ) {
        guard context.channel.isActive, !isClosing else { return }
        let closes = closes || head?.isKeepAlive != true
        var buffer = context.channel.allocator.buffer(capacity: 512 + response.body.readableBytes)
        response.writeHTTP1(
            into: &buffer, date: Timestamp.now().httpDate, closes: closes, hasBody: head?.method != .HEAD)
        self.head = nil
        if closes { isClosing = true }
        // Nothing is read while an answer is being written, so that answers cannot pile up for a client that does not
        // read them.
        closeLater(Self.answerTimeout, context)
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(buffer)).assumeIsolated().whenSuccess {
            self.isAnswering = false
            self.closeLater(closes ? .milliseconds(200) : Self.idleTimeout, bound.value)
        }
    }

    private func close(_ context: ChannelHandlerContext) {
        isClosing = true
        context.close(promise: nil)
    }

    private func closeLater(_ delay: TimeAmount, _ context: ChannelHandlerContext) {
        timeout?.cancel()
        timeout = context.eventLoop.assumeIsolated().scheduleTask(in: delay) { context.close(promise: nil) }
    }
}
