import NIOCore
import NIOHPACK
import NIOHTTP2

/// One request on an HTTP/2 stream.
final class HTTP2Stream: ChannelInboundHandler, ManagedConnection {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private enum Phase {
        case receiving
        case deciding
        /// The rest of the request is discarded.
        case answered
    }

    private let connection: HTTP2Connection
    private let state: EventLoopContext
    private let caller: ClientIdentity
    private var machine: RequestStateMachine
    private var phase = Phase.receiving
    private var isOpen = false
    private var isOneTooMany = false
    private var sawHead = false
    private var sawEnd = false
    private var isHeadRequest = false
    private var context: ChannelHandlerContext?
    private(set) var deadline: NIODeadline

    init(connection: HTTP2Connection, state: EventLoopContext, caller: ClientIdentity) {
        self.connection = connection
        self.state = state
        self.caller = caller
        machine = RequestStateMachine(bodyLimit: state.limits.bodyBytes)
        deadline = state.deadline(after: state.limits.requestTimeout)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        isOpen = true
        let id = try? context.channel.syncOptions?.getOption(HTTP2StreamChannelOptions.streamID)
        isOneTooMany = !connection.streamOpened(id)
        state.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leave()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isOneTooMany else { return refuseStream(context) }
        switch unwrapInboundIn(data) {
        case .headers(let frame):
            connection.received(usefulBytes: frame.headers.reduce(0) { $0 + $1.name.utf8.count + $1.value.utf8.count })
            sawEnd = frame.endStream
            if sawHead {
                guard case .receiving = phase else { return }
                if sawEnd { perform(machine.receiveEnd(), context: context) }
            } else {
                sawHead = true
                receiveHead(frame.headers, isEnd: frame.endStream, context: context)
            }
        case .data(let frame):
            guard case .byteBuffer(let bytes) = frame.data else { return }
            connection.received(usefulBytes: bytes.readableBytes)
            sawEnd = frame.endStream
            guard case .receiving = phase else { return }
            let isReserved = state.ledger.reserve(bytes: bytes.readableBytes, for: machine.endpoint)
            perform(machine.receiveBody(bytes, isReserved: isReserved), context: context)
            if sawEnd, case .receiving = phase { perform(machine.receiveEnd(), context: context) }
        default: return
        }
    }

    /// Nothing of the stream was processed, so the client may send it again (RFC 9113 section 8.7).
    private func refuseStream(_ context: ChannelHandlerContext) {
        guard case .receiving = phase else { return }
        phase = .answered
        state.metrics.recordRejected(.streamLimit)
        context.writeAndFlush(wrapOutboundOut(.rstStream(.refusedStream)), promise: nil)
    }

    private func receiveHead(_ headers: HPACKHeaders, isEnd: Bool, context: ChannelHandlerContext) {
        isHeadRequest = headers.first(name: ":method") == "HEAD"
        guard headers.count <= ServerLimits.headerCount else { return refuse(.headersTooLarge, context: context) }
        guard let summary = RequestHead(headers, isEnd: isEnd) else {
            return refuse(.malformed, context: context)
        }
        perform(machine.receiveHead(summary, isClientAllowed: caller.isAllowed), context: context)
        if isEnd, case .receiving = phase { perform(machine.receiveEnd(), context: context) }
    }

    private func perform(_ action: RequestStateMachine.Action, context: ChannelHandlerContext) {
        switch action {
        case .proceed: return
        case .sendContinue:
            let frame = HTTP2Frame.FramePayload.headers(.init(headers: [":status": "100"]))
            context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
        case .refuse(let refusal): refuse(refusal, context: context)
        case .review(let body):
            connection.account?.serve(machine.endpoint)
            switch state.reviewer.review(body, for: machine.endpoint, from: caller) {
            case .answer(let response): answer(response, context: context)
            case .later(let future): wait(for: future)
            }
        }
    }

    private func wait(for future: EventLoopFuture<ServerResponse>) {
        phase = .deciding
        deadline = .distantFuture
        future.assumeIsolated().whenSuccess { response in
            guard let context = self.context, case .deciding = self.phase else { return }
            self.answer(response, context: context)
        }
    }

    private func refuse(_ refusal: HTTPRejection, context: ChannelHandlerContext) {
        state.metrics.recordRejected(refusal.cause)
        state.rejections?.record(refusal, from: caller)
        answer(ServerResponse(refusal, to: caller), context: context)
    }

    private func answer(_ response: ServerResponse, context: ChannelHandlerContext) {
        phase = .answered
        // Time for the client to read the answer.
        deadline = state.deadline(after: state.limits.requestTimeout)
        state.ledger.release(bytes: machine.reset(), for: machine.endpoint)
        connection.requestAnswered()
        var headers = HPACKHeaders()
        headers.reserveCapacity(4 + response.headers.count)
        headers.add(name: ":status", value: String(response.status))
        headers.add(name: "content-type", value: response.contentType)
        headers.add(name: "content-length", value: String(response.body.readableBytes))
        headers.add(name: "date", value: state.httpDate)
        for header in response.headers { headers.add(name: header.name, value: header.value) }
        let last: HTTP2Frame.FramePayload
        if isHeadRequest {
            // An answer to HEAD has no body (RFC 9110 section 9.3.2).
            last = .headers(.init(headers: headers, endStream: true))
        } else {
            context.write(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
            last = .data(.init(data: .byteBuffer(response.body), endStream: true))
        }
        if sawEnd {
            context.write(wrapOutboundOut(last), promise: nil)
        } else {
            // The rest of an unfinished request is not needed (RFC 9113 section 8.1). If RST_STREAM were sent before
            // the answer, the answer would be lost.
            let written = context.eventLoop.makePromise(of: Void.self)
            written.futureResult.assumeIsolated().whenSuccess {
                context.writeAndFlush(self.wrapOutboundOut(.rstStream(.noError)), promise: nil)
            }
            context.write(wrapOutboundOut(last), promise: written)
        }
        context.flush()
    }

    private func leave() {
        guard isOpen else { return }
        isOpen = false
        connection.streamClosed()
        state.remove(self)
        state.ledger.release(bytes: machine.reset(), for: machine.endpoint)
    }

    // MARK: ManagedConnection

    func deadlinePassed() {
        guard let context else { return }
        switch phase {
        case .receiving: refuse(.requestTimeout, context: context)
        case .deciding: return
        case .answered:
            state.metrics.recordRejected(.answerTimeout)
            context.close(promise: nil)
        }
    }

    // The connection sends GOAWAY; open streams continue.
    func quiesce() {}
}
