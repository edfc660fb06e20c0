import NIOCore
import NIOHTTP1
import NIOOpenSSL
import NIOTLS
import OpenSSL

/// Tells a connection that began with settings of the past to end soon.
struct Retirement {}

/// Waits for the handshake's end, then makes the connection speak what was agreed on.
final class ConnectionSetup: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer

    private let state: LoopState
    private let generation: Int
    private let tls: TLSHandler
    private let allowedNames: ClientNames

    init(state: LoopState, tls: TLSHandler, allowedNames: ClientNames) {
        self.state = state
        generation = state.generation
        self.tls = tls
        self.allowedNames = allowedNames
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let agreed)? = event as? TLSUserEvent {
            do {
                try Self.configure(
                    context.channel, state: state, isHTTP2: agreed == "h2", caller: caller(context.remoteAddress))
                context.pipeline.syncOperations.removeHandler(self, promise: nil)
                if generation != state.generation { context.pipeline.fireUserInboundEventTriggered(Retirement()) }
            } catch {
                context.close(promise: nil)
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if let error = error as? TLSError, let cause = RejectionCause(error) {
            state.metrics.recordRejected(cause)
            state.rejections?.record(error, cause, from: context.remoteAddress, tls)
        }
        context.close(promise: nil)
    }

    private func caller(_ peer: SocketAddress?) -> Caller {
        if allowedNames.isEmpty || tls.peerCertificate.map(allowedNames.allow) ?? false { return .allowed }
        return .refused(name: tls.peerCertificate.flatMap(Caller.name), peer: peer)
    }

    static func configure(
        _ channel: any Channel,
        state: LoopState,
        isHTTP2: Bool,
        caller: Caller
    ) throws {
        if isHTTP2 {
            try HTTP2Connection.configure(channel, state: state, caller: caller)
        } else {
            let pipeline = channel.pipeline.syncOperations
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = state.limits.headerBytes
            limits.maxHeaderListSize = state.limits.headerBytes
            limits.maxHeaderFieldCount = ServerLimits.headerCount
            try pipeline.addHandler(
                ByteToMessageHandler(
                    HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
            try pipeline.addHandler(HTTP1Connection(state: state, caller: caller))
        }
    }
}
