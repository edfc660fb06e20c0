import NIOCore
import NIOHTTP2
import NIOOpenSSL

/// The last handler of an HTTP/2 connection: passes frames on to their streams, and carries out what
/// ``HTTP2StateMachine`` decides.
///
/// Streams are plain objects. NIOHTTP2 can make a channel of each, with a pipeline of its own; for a request of two
/// frames that costs more than the request.
final class HTTP2Connection: ChannelInboundHandler, ManagedConnection {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// Number of bytes that all streams of a connection may send before they are read: many large tokens at once. The
    /// 65,535 bytes of the standard would delay clients with more than thirty reviews in flight. `limits.bytesInFlight`
    /// bounds the memory.
    static let receiveWindow = 4 << 20
    /// Number of bytes that one stream may send before they are read: the standard's default.
    private static let streamWindow = 65_535

    private let state: EventLoopContext
    /// Nil where connections are not counted.
    let account: ConnectionAccount?
    private var context: ChannelHandlerContext?
    private let floodGuard: FloodGuard
    private let wire: HTTP2GoAwayHandler
    private var machine: HTTP2StateMachine
    private let caller: ClientIdentity
    /// When the client's certificate expires; `distantFuture` once the connection retires because of it.
    private var expiry: NIODeadline
    private var streams: [HTTP2StreamID: HTTP2Stream] = [:]
    /// The stream of the last frame: a request's frames usually follow each other.
    private var recent: HTTP2Stream?
    /// Frames of a read are being processed. Everything that is written meanwhile leaves with one write at its end.
    private var isReading = false
    private var isFlushDue = false

    private init(
        state: EventLoopContext, caller: ClientIdentity, account: ConnectionAccount?, floodGuard: FloodGuard,
        wire: HTTP2GoAwayHandler
    ) {
        self.state = state
        self.caller = caller
        expiry = caller.expiry
        self.account = account
        self.floodGuard = floodGuard
        self.wire = wire
        machine = HTTP2StateMachine(limits: state.limits, now: state.now)
    }

    /// Sets up HTTP/2 on a channel whose handshake is complete.
    static func configure(
        _ channel: any Channel, state: EventLoopContext, caller: ClientIdentity, account: ConnectionAccount? = nil
    ) throws {
        let floodGuard = FloodGuard { state.exactDeadline(after: .zero) }
        let wire = HTTP2GoAwayHandler(announcedStreams: state.limits.streamsPerConnection)
        let connection = HTTP2Connection(
            state: state, caller: caller, account: account, floodGuard: floodGuard, wire: wire)
        let frames = NIOHTTP2Handler(
            mode: .server,
            connectionConfiguration: connectionConfiguration(state.limits),
            streamConfiguration: streamConfiguration())
        try channel.pipeline.syncOperations.addHandlers([floodGuard, wire, frames, connection])
        if state.isDraining {
            // If this were sent at once, a client would open one connection after the other until nothing listens any
            // more.
            state.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(300)) { connection.quiesce() }
        }
    }

    private static func connectionConfiguration(
        _ limits: ServerLimits
    ) -> NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            // More than is announced; see HTTP2GoAwayHandler. A client that opens even more ignores the limit on
            // purpose.
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.streamsPerConnection * 2 + 100),
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerBytes),
        ]
        configuration.maximumSequentialContinuationFrames = 5
        configuration.maximumBufferedControlFrames = 1000
        configuration.maximumRecentlyResetStreams = limits.streamsPerConnection
        configuration.maximumConnectionGlitches = 100
        configuration.controlFrameRateLimit.maximumCount = 200
        configuration.controlFrameRateLimit.windowLength = .seconds(30)
        return configuration
    }

    private static func streamConfiguration() -> NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        // Rapid reset (CVE-2023-44487), and streams that clients make the server reset (CVE-2025-8671).
        configuration.streamResetFrameRateLimit.maximumCount = 200
        configuration.streamResetFrameRateLimit.windowLength = .seconds(30)
        configuration.streamErrorRateLimit.maximumCount = 100
        configuration.streamErrorRateLimit.windowLength = .seconds(30)
        return configuration
    }

    // MARK: Called by streams

    func received(usefulBytes: Int) { floodGuard.credit(usefulBytes) }

    /// - Parameter isWhole: false if the client is still sending the request, and part of it is on its way.
    func requestAnswered(isWhole: Bool) {
        floodGuard.requestAnswered(unread: isWhole ? 0 : Self.streamWindow)
    }

    func write(_ payload: HTTP2Frame.FramePayload, on id: HTTP2StreamID, promise: EventLoopPromise<Void>? = nil) {
        guard let context else {
            promise?.fail(ChannelError.ioOnClosedChannel)
            return
        }
        context.write(wrapOutboundOut(HTTP2Frame(streamID: id, payload: payload)), promise: promise)
    }

    /// Sends what was written: at once, or together with the other answers to what a read has brought.
    func flush() {
        if isReading { isFlushDue = true } else { context?.flush() }
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        state.add(self)
        if context.channel.isActive { announceWindow(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        announceWindow(context)
        context.fireChannelActive()
    }

    /// At once, not with the first body: SETTINGS do not affect a connection's window (RFC 9113 section 6.9.2).
    private func announceWindow(_ context: ChannelHandlerContext) {
        let frame = HTTP2Frame(
            streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: Self.receiveWindow - 65_535))
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        closeStreams()
        state.remove(self)
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        closeStreams()
        state.remove(self)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let change as NIOHTTP2WindowUpdatedEvent: windowChanged(change)
        case let closed as StreamClosedEvent: streamClosed(closed.streamID)
        case is NIOHTTP2StreamCreatedEvent: break
        case let eviction as ConnectionAccount.Eviction:
            guard account?.yields(to: eviction) == true else { return }
            state.metrics.recordRejected(eviction.cause)
            context.closeTransport()
        default:
            if event is Retirement { quiesce() }
            context.fireUserInboundEventTriggered(event)
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        isReading = true
        switch frame.payload {
        case .headers(let block):
            let stream = stream(frame.streamID) ?? open(frame.streamID)
            stream.receive(block.headers, isEnd: block.endStream)
        case .data(let data):
            guard case .byteBuffer(let bytes) = data.data else { return }
            stream(frame.streamID)?.receive(bytes, isEnd: data.endStream)
        case .ping(let ping, ack: true) where ping == HTTP2PingData(withInteger: HTTP2GoAwayHandler.shutdownPing):
            machine.shutdownAcknowledged().forEach(perform)
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        isReading = false
        if isFlushDue {
            isFlushDue = false
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? NIOHTTP2Errors.StreamError { streamClosed(error.streamID) }
        machine.failed(failure(error)).forEach(perform)
    }

    // MARK: Streams

    private func stream(_ id: HTTP2StreamID) -> HTTP2Stream? {
        if let recent, recent.id == id { return recent }
        return streams[id]
    }

    private func open(_ id: HTTP2StreamID) -> HTTP2Stream {
        let stream = HTTP2Stream(id, connection: self, state: state, caller: caller)
        streams[id] = stream
        recent = stream
        state.add(stream)
        if !machine.streamOpened(Int(id), grace: grace, now: now) { stream.refuse() }
        return stream
    }

    private func streamClosed(_ id: HTTP2StreamID) {
        if recent?.id == id { recent = nil }
        guard let stream = streams.removeValue(forKey: id) else { return }
        end(stream)
        guard machine.streamClosed(grace: grace, now: now) else { return }
        // The last answer is being written, and is sent after this turn.
        state.eventLoop.assumeIsolated().execute { self.machine.answersWritten().map(self.perform) }
    }

    private func end(_ stream: HTTP2Stream) {
        state.remove(stream)
        stream.closed()
    }

    /// The connection is gone, and all that belongs to it.
    private func closeStreams() {
        for id in Array(streams.keys) { streamClosed(id) }
    }

    /// Lets the client send more once half of a window is used up.
    private func windowChanged(_ change: NIOHTTP2WindowUpdatedEvent) {
        guard let size = change.inboundWindowSize else { return }
        let isConnection = change.streamID == .rootStream
        let full = isConnection ? Self.receiveWindow : Self.streamWindow
        guard size <= full / 2, isConnection || stream(change.streamID)?.expectsMore == true else { return }
        write(.windowUpdate(windowSizeIncrement: full - size), on: change.streamID)
        flush()
    }

    private func failure(_ error: any Error) -> HTTP2StateMachine.Failure {
        if error is IOError || error is ChannelError || error is TLSError { return .transport }
        if error is FloodGuard.Flood { return .flood }
        // NIOHTTP2 ends the connection when many streams fail.
        return wire.hasFailed ? .connection : .stream
    }

    // MARK: Carrying out

    private func perform(_ action: HTTP2StateMachine.Action) {
        guard let context else { return }
        switch action {
        case .record(let cause): state.metrics.recordRejected(cause)
        case .announceShutdown: wire.announceShutdown()
        case .sendGoAway(let lastStream, let code): wire.sendGoAway(lastStream: lastStream, code)
        case .end:
            // NIOHTTP2 would flush its GOAWAY only after all received bytes are processed.
            context.flush()
            context.close(promise: nil)
            if state.isDraining { state.closeTransportSoon(context) }
        case .close: context.close(promise: nil)
        }
    }

    /// How long the connection stays without open streams when it is to end.
    private var grace: TimeAmount {
        TimeAmount(state.isDraining ? EventLoopContext.idleGrace : state.limits.requestTimeout)
    }

    /// Exact for a grace period, which is short.
    private var now: NIODeadline { machine.isRetiring ? state.exactDeadline(after: .zero) : state.now }

    // MARK: ManagedConnection

    var deadline: NIODeadline { min(machine.deadline(unfinishedSince: floodGuard.unfinishedSince), expiry) }

    func deadlinePassed() {
        if expiry <= state.now {
            expiry = .distantFuture
            quiesce()
        }
        let unfinishedSince = floodGuard.unfinishedSince
        guard machine.deadline(unfinishedSince: unfinishedSince) <= state.now else { return }
        machine.deadlinePassed(
            unfinishedSince: unfinishedSince, canAnnounce: wire.canAnnounce, grace: grace,
            now: state.exactDeadline(after: .zero)
        ).forEach(perform)
    }

    func quiesce() {
        machine.retire(canAnnounce: wire.canAnnounce, grace: grace, now: state.exactDeadline(after: .zero))
            .map(perform)
    }
}
