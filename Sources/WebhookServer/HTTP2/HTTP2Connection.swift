import NIOCore
import NIOHTTP2

/// The end of an HTTP/2 connection's pipeline: ends the connection when it misbehaves or is retired.
final class HTTP2Connection: ChannelInboundHandler, LoopMember {
    typealias InboundIn = HTTP2Frame

    private let state: LoopState
    private var context: ChannelHandlerContext?
    private var isRetiring = false
    /// Idle connections are closed by NIOHTTP2's own handler.
    private(set) var deadline = NIODeadline.distantFuture

    private init(state: LoopState) {
        self.state = state
    }

    /// Makes `channel`, which has passed its handshake, speak HTTP/2.
    static func configure(_ channel: any Channel, state: LoopState, isClientAllowed: Bool) throws {
        let floodGuard = FloodGuard()
        let connection = HTTP2Connection(state: state)
        let management = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop,
            configuration: .init(
                maxIdleTime: TimeAmount(state.limits.idleTimeout),
                maxAge: nil,
                maxGraceTime: TimeAmount(state.limits.requestTimeout + state.limits.reviewDeadline),
                keepalive: nil))
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(floodGuard)
        let bound = NIOLoopBound((state, floodGuard), eventLoop: channel.eventLoop)
        _ = try pipeline.configureHTTP2Pipeline(
            mode: .server,
            connectionConfiguration: connectionConfiguration(state.limits),
            streamConfiguration: streamConfiguration(),
            streamDelegate: management.http2StreamDelegate
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                let (state, floodGuard) = bound.value
                try stream.pipeline.syncOperations.addHandler(
                    HTTP2Stream(state: state, isClientAllowed: isClientAllowed, floodGuard: floodGuard))
            }
        }
        try pipeline.addHandler(management)
        try pipeline.addHandler(connection)
        // The channel is active already; without this its idle time would begin with the first request's end.
        management.channelActive(context: try pipeline.context(handler: management))
        if state.isDraining { connection.retire() }
    }

    private static func connectionConfiguration(
        _ limits: ServerLimits
    ) -> NIOHTTP2Handler.ConnectionConfiguration {
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.streamsPerConnection),
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

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An error of one stream has been answered with RST_STREAM and is counted by NIOHTTP2.
        if error is NIOHTTP2Errors.StreamError { return }
        if !(error is IOError) && !(error is ChannelError) { state.metrics.recordRejected(.http2Violation) }
        // NIOHTTP2 has written its GOAWAY before it told.
        context.close(promise: nil)
    }

    // MARK: LoopMember

    func deadlinePassed() {
        context?.close(promise: nil)
    }

    func retire() {
        guard !isRetiring, let context else { return }
        isRetiring = true
        context.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
    }
}
