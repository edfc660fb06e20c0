import NIOCore
import NIOHTTP2
import NIOOpenSSL

/// The end of an HTTP/2 connection's pipeline: ends the connection when it misbehaves or is retired.
final class HTTP2Connection: ChannelInboundHandler, LoopMember {
    typealias InboundIn = HTTP2Frame

    private let state: LoopState
    private var context: ChannelHandlerContext?
    private let floodGuard: FloodGuard
    private var openStreams = 0
    private var isRetiring = false
    private var isEnded = false
    private(set) var deadline: NIODeadline

    private init(state: LoopState, floodGuard: FloodGuard) {
        self.state = state
        self.floodGuard = floodGuard
        deadline = state.deadline(after: state.limits.idleTimeout)
    }

    /// Makes `channel`, which has passed its handshake, speak HTTP/2.
    static func configure(_ channel: any Channel, state: LoopState, isClientAllowed: Bool) throws {
        let floodGuard = FloodGuard(announcedStreams: state.limits.streamsPerConnection)
        let connection = HTTP2Connection(state: state, floodGuard: floodGuard)
        let management = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop,
            configuration: .init(
                maxIdleTime: nil,
                maxAge: nil,
                maxGraceTime: TimeAmount(state.limits.requestTimeout + state.limits.reviewDeadline),
                keepalive: nil))
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(floodGuard)
        let bound = NIOLoopBound(connection, eventLoop: channel.eventLoop)
        _ = try pipeline.configureHTTP2Pipeline(
            mode: .server,
            connectionConfiguration: connectionConfiguration(state.limits),
            streamConfiguration: streamConfiguration(),
            streamDelegate: management.http2StreamDelegate
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(
                    HTTP2Stream(connection: bound.value, state: bound.value.state, isClientAllowed: isClientAllowed))
            }
        }
        try pipeline.addHandler(management)
        try pipeline.addHandler(connection)
        if state.isDraining { connection.retire() }
    }

    private static func connectionConfiguration(
        _ limits: ServerLimits
    ) -> NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            // More than is announced: see FloodGuard. Who opens even more is no client that overlooked something.
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
        // Rapid reset (CVE-2023-44487), and streams that the server is made to reset (CVE-2025-8671).
        configuration.streamResetFrameRateLimit.maximumCount = 200
        configuration.streamResetFrameRateLimit.windowLength = .seconds(30)
        configuration.streamErrorRateLimit.maximumCount = 100
        configuration.streamErrorRateLimit.windowLength = .seconds(30)
        return configuration
    }

    // MARK: Told by streams

    /// False when it is one too many.
    func streamOpened() -> Bool {
        openStreams += 1
        if !isRetiring { deadline = .distantFuture }
        return openStreams <= state.limits.streamsPerConnection
    }

    func streamClosed() {
        openStreams -= 1
        if openStreams == 0, !isRetiring { deadline = state.deadline(after: state.limits.idleTimeout) }
    }

    func received(usefulBytes: Int) { floodGuard.credit(usefulBytes) }

    func requestAnswered() { floodGuard.requestAnswered() }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        state.add(self)
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
        if event is Retirement { retire() }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if error is IOError || error is ChannelError || error is TLSError { return context.close(promise: nil) }
        // An error of one stream has been answered with RST_STREAM; NIOHTTP2 ends the connection when there are many.
        guard floodGuard.hasSaidGoodbye else { return state.metrics.recordRejected(.malformedRequest) }
        guard !isEnded else { return }
        isEnded = true
        state.metrics.recordRejected(.http2Violation)
        // NIOHTTP2 would flush its GOAWAY only when all that came has been looked at.
        context.flush()
        context.close(promise: nil)
    }

    // MARK: LoopMember

    /// Idle for too long: says goodbye. Not gone after that: is cut off.
    func deadlinePassed() {
        if isRetiring {
            context?.close(promise: nil)
        } else {
            state.metrics.recordRejected(.idleTimeout)
            retire()
        }
    }

    func retire() {
        guard !isRetiring, let context else { return }
        isRetiring = true
        // The goodbye needs the client's part, which it may leave out; a review may take its time until then.
        deadline = state.deadline(
            after: state.limits.requestTimeout + (openStreams > 0 ? state.limits.reviewDeadline : .zero))
        context.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
}
