import Glibc
import NIOCore
import NIOOpenSSL

/// One HTTP/1.1 connection: carries out what ``HTTP1StateMachine`` decides.
final class HTTP1Connection: ChannelDuplexHandler, ManagedConnection {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let state: EventLoopContext
    private let caller: ClientIdentity
    /// When the client's certificate expires; `distantFuture` once the connection retires because of it.
    private var expiry: NIODeadline
    /// Nil where connections are not counted.
    private let account: ConnectionAccount?
    private var machine: HTTP1StateMachine
    private var context: ChannelHandlerContext?
    /// Whether the channel asked for a read that was not possible then.
    private var wantsRead = false
    private var unflushedBytes = 0
    private var isProceeding = false
    private var isReading = false

    init(state: EventLoopContext, caller: ClientIdentity, account: ConnectionAccount? = nil) {
        self.state = state
        self.caller = caller
        expiry = caller.expiry
        self.account = account
        machine = HTTP1StateMachine(
            limits: state.limits, isClientAllowed: caller.isAllowed, isRetiring: state.isDraining, now: state.now)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        state.add(self)
        if !context.channel.isWritable { machine.writabilityChanged(false, now: state.now) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        leave()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        leave()
        context.fireChannelInactive()
    }

    private func leave() {
        state.remove(self)
        let rest = machine.closed()
        state.ledger.release(bytes: rest.bytes, for: rest.endpoint)
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        isReading = true
        machine.received(unwrapInboundIn(data))
        proceed(context)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        flushIfNeeded(context)
        context.fireChannelReadComplete()
    }

    func read(context: ChannelHandlerContext) {
        if machine.mayRead { context.read() } else { wantsRead = true }
    }

    /// Carries out all actions that are due.
    private func proceed(_ context: ChannelHandlerContext) {
        // Flushing can change the channel's writability, which leads back here.
        guard !isProceeding else { return }
        isProceeding = true
        while let action = machine.next(now: state.now) {
            perform(action, context)
            if unflushedBytes >= Self.flushThreshold { flushIfNeeded(context) }
        }
        isProceeding = false
        if !isReading { flushIfNeeded(context) }
        if wantsRead, machine.mayRead {
            wantsRead = false
            context.read()
        }
    }

    private func perform(_ action: HTTP1StateMachine.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .reserve(let count, let endpoint):
            let isReserved = state.ledger.reserve(bytes: count, for: endpoint, after: machine.reservedBytes)
            if let next = machine.reserved(isReserved, now: state.now) { perform(next, context) }
        case .sendContinue:
            let interim = ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")
            unflushedBytes += interim.readableBytes
            context.write(wrapOutboundOut(interim), promise: nil)
        case .refuse(let rejection, let answer): refuse(rejection, answer, context)
        case .review(let body, let endpoint):
            guard account?.serve(endpoint) ?? true else { return refuseForWantOfPlace(context) }
            switch state.reviewer.review(body, for: endpoint, from: caller) {
            case .answer(let response): finish(response, wasWaiting: false, context)
            case .later(let future): wait(for: future)
            }
        }
    }

    // MARK: Answering

    private func wait(for future: EventLoopFuture<ServerResponse>) {
        future.assumeIsolated().whenSuccess { response in
            guard let context = self.context else { return }
            self.finish(response, wasWaiting: true, context)
            self.proceed(context)
        }
    }

    private func finish(_ response: ServerResponse, wasWaiting: Bool, _ context: ChannelHandlerContext) {
        guard let answer = machine.answered(wasWaiting: wasWaiting, now: state.now) else { return }
        write(response, answer, context)
    }

    /// Refuses a request because the connection's place is for access reviews only, or belongs to another connection by
    /// now.
    private func refuseForWantOfPlace(_ context: ChannelHandlerContext) {
        machine.retire(idleUntil: state.now)
        guard let answer = machine.answered(wasWaiting: false, now: state.now) else { return }
        refuse(.connectionLimit, answer, context)
    }

    private func refuse(
        _ rejection: HTTPRejection, _ answer: HTTP1StateMachine.Answer, _ context: ChannelHandlerContext
    ) {
        state.metrics.recordRejected(rejection.cause)
        state.rejections?.record(rejection, from: caller)
        write(ServerResponse(rejection, to: caller), answer, context)
    }

    private func write(
        _ response: ServerResponse, _ answer: HTTP1StateMachine.Answer, _ context: ChannelHandlerContext
    ) {
        var buffer = context.channel.allocator.buffer(capacity: 256 + response.body.readableBytes)
        response.writeHTTP1(
            into: &buffer, date: state.httpDate, closes: answer.sequel != .next, hasBody: answer.hasBody)
        unflushedBytes += buffer.readableBytes
        context.write(wrapOutboundOut(buffer), promise: nil)
        state.ledger.release(bytes: answer.released, for: answer.endpoint)
        switch answer.sequel {
        case .next: break
        case .drain: if !isReading { flushIfNeeded(context) }
        case .close: close(context)
        }
    }

    private func close(_ context: ChannelHandlerContext) {
        unflushedBytes = 0
        context.flush()
        context.close(promise: nil)
        if state.isDraining { state.closeTransportSoon(context) }
    }

    /// Answers of this many bytes are flushed before the end of a read.
    private static let flushThreshold = 32_768

    private func flushIfNeeded(_ context: ChannelHandlerContext) {
        guard unflushedBytes > 0 else { return }
        unflushedBytes = 0
        context.flush()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        machine.writabilityChanged(context.channel.isWritable, now: state.now)
        proceed(context)
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Retirement { quiesce() }
        if let eviction = event as? ConnectionAccount.Eviction, account?.yields(to: eviction) == true {
            state.metrics.recordRejected(eviction.cause)
            context.closeTransport()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    // MARK: ManagedConnection

    var deadline: NIODeadline { min(machine.deadline, expiry) }

    func deadlinePassed() {
        if expiry <= state.now {
            expiry = .distantFuture
            quiesce()
        }
        guard let context, machine.deadline <= state.now else { return }
        switch machine.deadlinePassed(now: state.now) {
        case .none: break
        case .abort:
            state.metrics.recordRejected(.answerTimeout)
            abort(context)
        case .closeIdle:
            state.metrics.recordRejected(.idleTimeout)
            close(context)
        case .close: close(context)
        case .refuse(let rejection, let answer): refuse(rejection, answer, context)
        }
    }

    /// Closes without close_notify, which would wait behind answers that the client does not read.
    private func abort(_ context: ChannelHandlerContext) {
        // Otherwise the kernel would keep unread answers for minutes, and the client would not notice the end.
        if let socket = context.channel as? any SocketOptionProvider {
            _ = socket.setSoLinger(Glibc.linger(l_onoff: 1, l_linger: 0))
        }
        context.closeTransport()
    }

    func quiesce() {
        machine.retire(idleUntil: state.exactDeadline(after: EventLoopContext.idleGrace))
    }
}
