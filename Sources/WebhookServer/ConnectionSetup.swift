import NIOCore
import NIOHTTP1
import NIOTLS

/// Waits for the handshake's end, then makes the connection speak what was agreed on.
final class ConnectionSetup: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let state: LoopState
    /// Whether the client's certificate carries an allowed name; asked once, after the handshake.
    private let isClientAllowed: (any Channel) -> Bool

    init(state: LoopState, isClientAllowed: @escaping (any Channel) -> Bool) {
        self.state = state
        self.isClientAllowed = isClientAllowed
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let agreed)? = event as? TLSUserEvent {
            do {
                let isAllowed = isClientAllowed(context.channel)
                try Self.configure(
                    context.channel, state: state, isHTTP2: agreed == "h2", isClientAllowed: isAllowed)
                context.pipeline.syncOperations.removeHandler(self, promise: nil)
            } catch {
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if !(error is IOError) && !(error is ChannelError) { state.metrics.recordRejected(.handshakeFailed) }
        context.close(promise: nil)
    }

    static func configure(
        _ channel: any Channel,
        state: LoopState,
        isHTTP2: Bool,
        isClientAllowed: Bool
    ) throws {
        if isHTTP2 {
            try HTTP2Connection.configure(channel, state: state, isClientAllowed: isClientAllowed)
        } else {
            let pipeline = channel.pipeline.syncOperations
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = state.limits.headerBytes
            limits.maxHeaderListSize = state.limits.headerBytes
            limits.maxHeaderFieldCount = 100
            try pipeline.addHandler(
                ByteToMessageHandler(
                    HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
            try pipeline.addHandler(HTTP1Connection(state: state, isClientAllowed: isClientAllowed))
        }
    }
}
