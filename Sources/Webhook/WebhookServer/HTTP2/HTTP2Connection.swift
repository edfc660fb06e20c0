import NIOCore
import NIOHTTP2
import NIOOpenSSL

/// The last handler of an HTTP/2 connection: carries out what ``HTTP2StateMachine`` decides.
final class HTTP2Connection: ChannelInboundHandler, ManagedConnection {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// Number of bytes that all streams of a connection may send before they are read: many large tokens at once. The
    /// 65,535 bytes of the standard would delay clients with more than thirty reviews in flight. `limits.bytesInFlight`
    /// bounds the memory.
    static let receiveWindow = 4 << 20

    private let state: EventLoopContext
    /// Nil where connections are not counted.
    let account: ConnectionAccount?
    private var context: ChannelHandlerContext?
    private let floodGuard: FloodGuard
    private let wire: HTTP2GoAwayHandler
    private var machine: HTTP2StateMachine

    private init(
        state: EventLoopContext, account: ConnectionAccount?, floodGuard: FloodGuard, wire: HTTP2GoAwayHandler
    ) {
        self.state = state
        self.account = account
        self.floodGuard = floodGuard
        self.wire = wire
        machine = HTTP2StateMachine(limits: state.limits, now: state.now)
    }

    /// Sets up HTTP/2 on a channel whose handshake is complete.
    static func configure(
        _ channel: any Channel, state: EventLoopContext, caller: ClientIdentity, account: ConnectionAccount? = nil
    ) throws {
        let floodGuard = FloodGuard()
        let wire = HTTP2GoAwayHandler(announcedStreams: state.limits.streamsPerConnection)
        let connection = HTTP2Connection(state: state, account: account, floodGuard: floodGuard, wire: wire)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandlers(floodGuard, wire)
        let bound = NIOLoopBound(connection, eventLoop: channel.eventLoop)
        _ = try pipeline.configureHTTP2Pipeline(
            mode: .server,
            connectionConfiguration: connectionConfiguration(state.limits),
            streamConfiguration: streamConfiguration()
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(
                    HTTP2Stream(connection: bound.value, state: bound.value.state, caller: caller))
            }
        }
        try pipeline.addHandler(connection)
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
        configuration.targetWindowSize = receiveWindow
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

    /// False if there are too many streams.
    func streamOpened(_ id: HTTP2StreamID?) -> Bool {
        machine.streamOpened(id.map { Int($0) }, grace: grace, now: now)
    }

    func streamClosed() {
        guard machine.streamClosed(grace: grace, now: now) else { return }
        // The last answer is being written, and is sent after this turn.
        state.eventLoop.assumeIsolated().execute { self.machine.answersWritten().map(self.perform) }
    }

    func received(usefulBytes: Int) { floodGuard.credit(usefulBytes) }

    func requestAnswered() { floodGuard.requestAnswered() }

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
        state.remove(self)
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        state.remove(self)
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Retirement { quiesce() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .ping(let ping, ack: true) = unwrapInboundIn(data).payload,
            ping == HTTP2PingData(withInteger: HTTP2GoAwayHandler.shutdownPing)
        else { return }
        machine.shutdownAcknowledged().forEach(perform)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        machine.failed(failure(error)).forEach(perform)
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

    var deadline: NIODeadline { machine.deadline }

    func deadlinePassed() {
        machine.deadlinePassed(
            canAnnounce: wire.canAnnounce, grace: grace, now: state.exactDeadline(after: .zero)
        ).forEach(perform)
    }

    func quiesce() {
        machine.retire(canAnnounce: wire.canAnnounce, grace: grace, now: state.exactDeadline(after: .zero))
            .map(perform)
    }
}
