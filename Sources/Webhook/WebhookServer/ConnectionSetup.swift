import NIOCore
import NIOOpenSSL
import NIOTLS
import OpenSSL
import Timestamps

/// Tells a connection with outdated settings to end soon.
struct Retirement {}

/// The settings for a connection when its handshake begins.
struct Admission {
    var tls: TLSContext?
    var handshakeTimeout: Duration
    var allowedClientNames: ClientNames
}

/// Waits for a connection's first byte, starts the handshake, and then sets up the negotiated protocol.
///
/// Until the first byte, a connection has only this handler, so that clients that only open connections cost little.
final class ConnectionSetup: ChannelInboundHandler, RemovableChannelHandler, ManagedConnection {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private enum Phase {
        case silent
        case handshaking(TLSHandler, ClientNames)
        /// Established, or about to end.
        case over
    }

    private let state: EventLoopContext
    private let account: ConnectionAccount
    private let admission: () -> Admission
    private let accepted: NIODeadline
    private var generation = 0
    private var phase = Phase.silent
    private var context: ChannelHandlerContext?
    private(set) var deadline: NIODeadline

    /// - Parameter admission: the settings at the first byte.
    init(state: EventLoopContext, account: ConnectionAccount, admission: @escaping () -> Admission) {
        self.state = state
        self.account = account
        self.admission = admission
        accepted = state.exactDeadline(after: .zero)
        let timeout = admission().handshakeTimeout
        // A connection opened during shutdown gets a short time to send its request.
        deadline = accepted + TimeAmount(state.isDraining ? min(timeout, Self.timeToConnect) : timeout)
    }

    /// Time for a handshake during shutdown.
    private static let timeToConnect = Duration.milliseconds(700)

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        state.add(self)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        state.remove(self)
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        if case .silent = phase { state.metrics.recordRejected(.handshakeFailed) }
        phase = .over
        state.remove(self)
        context.fireChannelInactive()
    }

    /// The first bytes. Later ones reach the TLS handler first.
    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard case .silent = phase else { return context.fireChannelRead(data) }
        let admission = admission()
        guard let tlsContext = admission.tls else { return context.close(promise: nil) }
        let elapsed: TimeAmount = state.exactDeadline(after: .zero) - accepted
        let left = TimeAmount(admission.handshakeTimeout) - elapsed
        let tls = TLSHandler.server(context: tlsContext, handshakeTimeout: max(left, .milliseconds(1)))
        generation = state.generation
        phase = .handshaking(tls, admission.allowedClientNames)
        // From here on the TLS handler has its own timer, except during shutdown.
        deadline = state.isDraining ? deadline : .distantFuture
        account.beginHandshake()
        do {
            try context.pipeline.syncOperations.addHandler(tls, position: .before(self))
        } catch {
            return context.close(promise: nil)
        }
        context.pipeline.syncOperations.fireChannelRead(data)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let eviction as ConnectionAccount.Eviction: return makeRoom(eviction.cause, context)
        case TLSUserEvent.handshakeCompleted(let agreed): handshakeCompleted(agreed, context)
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func handshakeCompleted(_ agreed: String?, _ context: ChannelHandlerContext) {
        guard case .handshaking(let tls, let names) = phase else { return }
        phase = .over
        state.countKeyExchange(tls.keyExchange)
        if let cause = account.establish() {
            state.metrics.recordRejected(cause)
            return context.close(promise: nil)
        }
        do {
            let caller = ClientIdentity(
                tls.peerCertificate, at: context.remoteAddress, allowed: names,
                now: state.exactDeadline(after: .zero), time: .now())
            try Self.configure(
                context.channel, state: state, isHTTP2: agreed == "h2", caller: caller, account: account)
            context.pipeline.syncOperations.removeHandler(self, promise: nil)
            if generation != state.generation { context.pipeline.fireUserInboundEventTriggered(Retirement()) }
        } catch {
            context.close(promise: nil)
        }
    }

    /// A newer connection needs this one's place. The handshake may have ended in between.
    private func makeRoom(_ cause: RejectionCause, _ context: ChannelHandlerContext) {
        if case .over = phase { return }
        phase = .over
        state.metrics.recordRejected(cause)
        context.close(promise: nil)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case .handshaking(let tls, _) = phase, let error = error as? TLSError, let cause = RejectionCause(error) {
            phase = .over
            state.metrics.recordRejected(cause)
            state.rejections?.record(error, cause, from: context.remoteAddress, tls)
        }
        context.close(promise: nil)
    }

    // MARK: ManagedConnection

    func deadlinePassed() {
        guard let context else { return }
        if case .silent = phase, !state.isDraining {
            state.metrics.recordRejected(.handshakeTimeout)
            state.rejections?.record(.handshakeTimedOut, .handshakeTimeout, from: context.remoteAddress, nil)
        }
        phase = .over
        deadline = .distantFuture
        context.closeTransport()
    }

    func quiesce() {
        // The handshake uses the settings at the first byte, so only the shutdown matters here.
        guard state.isDraining else { return }
        deadline = min(deadline, state.exactDeadline(after: Self.timeToConnect))
    }

    static func configure(
        _ channel: any Channel,
        state: EventLoopContext,
        isHTTP2: Bool,
        caller: ClientIdentity,
        account: ConnectionAccount? = nil
    ) throws {
        if isHTTP2 {
            try HTTP2Connection.configure(channel, state: state, caller: caller, account: account)
        } else {
            let connection = HTTP1Connection(state: state, caller: caller, account: account)
            try channel.pipeline.syncOperations.addHandler(connection)
        }
    }
}

extension ChannelHandlerContext {
    /// Closes the connection without waiting for the client's close_notify.
    func closeTransport() {
        if let tls = try? pipeline.syncOperations.context(handlerType: TLSHandler.self) {
            tls.close(promise: nil)
        } else {
            close(promise: nil)
        }
    }
}
