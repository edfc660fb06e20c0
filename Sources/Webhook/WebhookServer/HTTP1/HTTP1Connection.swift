import Glibc
import NIOCore
import NIOHTTP1
import NIOOpenSSL

/// One HTTP/1.1 connection: requests one after the other, each answered before the next is looked at.
final class HTTP1Connection: ChannelDuplexHandler, ManagedConnection {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        /// Between requests.
        case idle
        case receiving
        /// A whole request waits for keys or groups; nothing is read meanwhile.
        case deciding
        /// Answered early; the rest of a request without a body is still to come.
        case answered
        /// Answered for the last time; what still comes is discarded until the client closes.
        case lingering
    }

    private let state: EventLoopContext
    private let caller: ClientIdentity
    private var machine: RequestStateMachine
    private var phase = Phase.idle
    private var context: ChannelHandlerContext?
    private var keepsAlive = true
    /// An answer to HEAD has no body (RFC 9112 section 6.3): a client would take it for the next answer.
    private var isHeadRequest = false
    private var isRetiring = false
    /// Parts of pipelined requests that came while the one before was being decided or answers were not taken.
    private var waiting = CircularBuffer<HTTPServerRequestPart>()
    private var wantsRead = false
    private var unflushedBytes = 0
    private var isResuming = false
    /// Too many requests came before their answers were taken.
    private var isOverrun = false
    private var isReading = false
    private var sawPart = false
    private var phaseDeadline: NIODeadline
    private var stallDeadline = NIODeadline.distantFuture

    init(state: EventLoopContext, caller: ClientIdentity) {
        self.state = state
        self.caller = caller
        machine = RequestStateMachine(bodyLimit: state.limits.bodyBytes)
        // One that is opened while the server goes is for a request that is about to come.
        phaseDeadline = state.deadline(
            after: state.isDraining ? min(state.limits.idleTimeout, .seconds(1)) : state.limits.idleTimeout)
        isRetiring = state.isDraining
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        state.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        state.remove(self)
        state.ledger.release(bytes: machine.reset(), for: machine.endpoint)
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.remove(self)
        state.ledger.release(bytes: machine.reset(), for: machine.endpoint)
        context.fireChannelInactive()
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        sawPart = true
        let part = unwrapInboundIn(data)
        if mustWait(context) || !waiting.isEmpty {
            enqueue(part, context: context)
        } else {
            receive(part, context: context)
            flushWhenFull(context)
        }
    }

    private func mustWait(_ context: ChannelHandlerContext) -> Bool {
        if case .deciding = phase { return true }
        return !context.channel.isWritable
    }

    /// One read can bring thousands of small requests: whoever sends so many and takes no answers gets no others.
    private func enqueue(_ part: HTTPServerRequestPart, context: ChannelHandlerContext) {
        if case .lingering = phase { return }
        waiting.append(part)
        guard waiting.count > Self.longestQueue else { return }
        waiting.removeAll()
        if case .deciding = phase {
            isRetiring = true
        } else {
            linger(context)
            isOverrun = true
            stallDeadline = min(stallDeadline, state.deadline(after: state.limits.requestTimeout))
            phaseDeadline = stallDeadline
        }
    }

    private static let longestQueue = 256
    /// So many bytes of answers are at most kept back until the end of a read.
    private static let flushThreshold = 32_768

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        // Bytes came and no part of a request did: a head has begun, and its time runs.
        if !sawPart, case .idle = phase, !isHeadPending {
            isHeadPending = true
            phaseDeadline = state.deadline(after: state.limits.requestTimeout)
        }
        sawPart = false
        flushIfNeeded(context)
        context.fireChannelReadComplete()
    }

    private var isHeadPending = false

    func read(context: ChannelHandlerContext) {
        if case .deciding = phase {
            wantsRead = true
        } else if !context.channel.isWritable {
            wantsRead = true
        } else {
            context.read()
        }
    }

    private func receive(_ part: HTTPServerRequestPart, context: ChannelHandlerContext) {
        switch (part, phase) {
        case (.head(let head), .idle): receiveHead(head, context: context)
        case (.body(let bytes), .receiving):
            let action = machine.receiveBody(
                bytes, reserve: { [endpoint = machine.endpoint] in state.ledger.reserve(bytes: $0, for: endpoint) })
            perform(action, hasMore: true, context: context)
        case (.end, .receiving): perform(machine.receiveEnd(), hasMore: false, context: context)
        case (.end, .answered): finishRequest(context)
        default: return
        }
    }

    private func receiveHead(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        if !isHeadPending { phaseDeadline = state.deadline(after: state.limits.requestTimeout) }
        isHeadPending = false
        phase = .receiving
        isHeadRequest = head.method == .HEAD
        guard let summary = RequestHead(head) else { return refuse(.malformed, hasMore: true, context: context) }
        // After an upgrade or CONNECT the decoder reads nothing more; HTTP/1.0 is answered and done with.
        keepsAlive =
            head.isKeepAlive && head.version == .http1_1 && head.method != .CONNECT
            && !head.headers.contains(name: "upgrade")
        let action = machine.receiveHead(summary, isClientAllowed: caller.isAllowed)
        let hasBody =
            switch summary.body {
            case .none, .bytes(0): false
            default: true
            }
        perform(action, hasMore: hasBody, context: context)
    }

    private func perform(_ action: RequestStateMachine.Action, hasMore: Bool, context: ChannelHandlerContext) {
        switch action {
        case .proceed: return
        case .sendContinue:
            let interim = ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")
            unflushedBytes += interim.readableBytes
            context.write(wrapOutboundOut(interim), promise: nil)
        case .refuse(let refusal): refuse(refusal, hasMore: hasMore, context: context)
        case .review(let body):
            switch state.review(body, for: machine.endpoint, from: caller) {
            case .answer(let response):
                write(response, context: context)
                finishRequest(context)
            case .later(let future): wait(for: future)
            }
        }
    }

    // MARK: Answering

    private func wait(for future: EventLoopFuture<ServerResponse>) {
        phase = .deciding
        phaseDeadline = .distantFuture
        future.assumeIsolated().whenComplete { result in
            guard let context = self.context, case .deciding = self.phase, case .success(let response) = result else {
                return
            }
            self.write(response, context: context)
            self.finishRequest(context)
            self.resume(context)
        }
    }

    /// Goes on with pipelined requests after an answer that took its time.
    private func resume(_ context: ChannelHandlerContext) {
        // Flushing can make the channel writable, which leads back here.
        guard !isResuming else { return }
        isResuming = true
        defer {
            isResuming = false
            if !isReading { flushIfNeeded(context) }
        }
        while !waiting.isEmpty {
            if mustWait(context) { return }
            receive(waiting.removeFirst(), context: context)
            flushWhenFull(context)
        }
        if wantsRead, context.channel.isWritable {
            wantsRead = false
            context.read()
        }
    }

    private func refuse(_ refusal: HTTPRejection, hasMore: Bool, context: ChannelHandlerContext) {
        state.metrics.recordRejected(refusal.cause)
        state.rejections?.record(refusal, from: caller)
        if hasMore {
            keepsAlive = false
            write(ServerResponse(refusal, to: caller), context: context)
            linger(context)
        } else {
            write(ServerResponse(refusal, to: caller), context: context)
            phase = .answered
        }
    }

    private func write(_ response: ServerResponse, context: ChannelHandlerContext) {
        if isRetiring { keepsAlive = false }
        var buffer = context.channel.allocator.buffer(capacity: 256 + response.body.readableBytes)
        response.writeHTTP1(into: &buffer, date: state.httpDate, closes: !keepsAlive, hasBody: !isHeadRequest)
        unflushedBytes += buffer.readableBytes
        context.write(wrapOutboundOut(buffer), promise: nil)
    }

    private func finishRequest(_ context: ChannelHandlerContext) {
        state.ledger.release(bytes: machine.reset(), for: machine.endpoint)
        guard keepsAlive else { return close(context) }
        phase = .idle
        isHeadRequest = false
        phaseDeadline = state.deadline(after: state.limits.idleTimeout)
    }

    /// Closing at once, with unread bytes, could reset the connection before the client has read the answer.
    private func linger(_ context: ChannelHandlerContext) {
        phase = .lingering
        state.ledger.release(bytes: machine.reset(), for: machine.endpoint)
        phaseDeadline = state.deadline(after: .seconds(1))
        if !isReading { flushIfNeeded(context) }
    }

    private func close(_ context: ChannelHandlerContext) {
        phase = .lingering
        unflushedBytes = 0
        context.flush()
        context.close(promise: nil)
        if state.isDraining { state.closeTransportSoon(context) }
    }

    private func flushIfNeeded(_ context: ChannelHandlerContext) {
        guard unflushedBytes > 0 else { return }
        unflushedBytes = 0
        context.flush()
    }

    private func flushWhenFull(_ context: ChannelHandlerContext) {
        if unflushedBytes >= Self.flushThreshold { flushIfNeeded(context) }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            if !isOverrun { stallDeadline = .distantFuture }
            resume(context)
        } else {
            // The client does not read its answers.
            stallDeadline = min(stallDeadline, state.deadline(after: state.limits.requestTimeout))
        }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Retirement { quiesce() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // What follows unreadable bytes is dropped; the first of them have been dealt with.
        if case .dataReceivedInErrorState? = error as? ByteToMessageDecoderError { return }
        guard let error = error as? HTTPParserError, error != .invalidEOFState else {
            return context.close(promise: nil)
        }
        switch phase {
        case .idle, .receiving:
            let refusal: HTTPRejection = error == .headerOverflow ? .headersTooLarge : .malformed
            refuse(refusal, hasMore: true, context: context)
        case .answered: linger(context)
        // Whatever follows is unreadable, but the request before it gets its answer.
        case .deciding: isRetiring = true
        case .lingering: return
        }
    }

    // MARK: ManagedConnection

    var deadline: NIODeadline { min(phaseDeadline, stallDeadline) }

    func deadlinePassed() {
        guard let context else { return }
        if stallDeadline <= state.now {
            state.metrics.recordRejected(.answerTimeout)
            return abort(context)
        }
        switch phase {
        case .idle where !isHeadPending:
            if !isRetiring { state.metrics.recordRejected(.idleTimeout) }
            close(context)
        case .idle, .receiving: refuse(.requestTimeout, hasMore: true, context: context)
        case .deciding: return
        case .answered, .lingering: context.close(promise: nil)
        }
    }

    /// Closes without a goodbye, which would wait behind answers that nobody takes.
    private func abort(_ context: ChannelHandlerContext) {
        stallDeadline = .distantFuture
        phaseDeadline = .distantFuture
        phase = .lingering
        // The kernel would keep for minutes what nobody takes, and the client would not learn of the end.
        if let socket = context.channel as? any SocketOptionProvider {
            _ = socket.setSoLinger(Glibc.linger(l_onoff: 1, l_linger: 0))
        }
        context.closeTransport()
    }

    func quiesce() {
        isRetiring = true
        // A request may be on its way, so an idle connection gets a moment more.
        if case .idle = phase, !isHeadPending {
            phaseDeadline = min(phaseDeadline, state.exactDeadline(after: EventLoopContext.idleGrace))
        }
    }
}
