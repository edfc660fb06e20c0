public import NIOCore
import NIOTLS
public import OpenSSL

/// TLS on a channel: ciphertext on the socket's side, plaintext on the application's side.
///
/// The handler fires `TLSUserEvent.handshakeCompleted` after the handshake, and `shutdownCompleted` when both sides
/// have sent close_notify. Failures are fired as ``TLSError``. Writes before the end of the handshake wait for it.
/// Plaintext is delivered only after downstream has called `read`.
public final class TLSHandler: ChannelDuplexHandler {
    /// Ciphertext from the socket.
    public typealias InboundIn = ByteBuffer
    /// Plaintext for the application.
    public typealias InboundOut = ByteBuffer
    /// Plaintext from the application.
    public typealias OutboundIn = ByteBuffer
    /// Ciphertext for the socket.
    public typealias OutboundOut = ByteBuffer

    /// Time the peer gets to close after our final bytes.
    static let drainTime = TimeAmount.seconds(1)
    /// Time our final bytes get to be written.
    static let lastWriteTime = TimeAmount.seconds(10)
    /// Buffers of a connection without records are freed after this time, or twice this time at most.
    static let idleTime = TimeAmount.seconds(1)
    /// Approximate size of the buffers of a busy connection.
    private static let bufferBytes = 40_000
    /// Number of bytes that the peer may still send while it is expected to close.
    static let maximumDrainedBytes = 1 << 20

    private let makeSession: () throws(OpenSSLError) -> TLSSession
    private let handshakeTimeout: TimeAmount
    private var handshakeTimer: Scheduled<Void>?
    private var drainTimer: Scheduled<Void>?
    private var closePromise: EventLoopPromise<Void>?
    private var idleTimer: Scheduled<Void>?
    /// Whether there were records since the last check for idleness.
    private var wasActive = false

    var drainedBytes = 0
    var machine = TLSStateMachine()
    var session: TLSSession?
    var outgoing = OutgoingPlaintext()
    /// Buffers that are reused once the last receiver has released them.
    var plaintext = ByteBuffer()
    var ciphertext = ByteBuffer()
    /// Downstream has asked for data and has not received any yet.
    var readRequested = false
    /// Data was delivered since the last `channelReadComplete`: one request may be answered in several buffers.
    var isDelivering = false

    /// The peer's certificate, whose private key it has proved to have. Nil before the handshake is complete.
    public private(set) var peerCertificate: Certificate?
    /// The client certificate that the handshake rejected; see ``TLSSession/untrustedRefusedCertificate``.
    public var untrustedRefusedCertificate: Certificate? { session?.untrustedRefusedCertificate }
    /// The application protocol that ALPN negotiated.
    public private(set) var negotiatedProtocol: String?
    /// For example `TLSv1.3`.
    public private(set) var tlsVersion: String?
    /// For example `TLS_AES_256_GCM_SHA384`.
    public private(set) var cipherName: String?
    /// For example `X25519MLKEM768`.
    public private(set) var keyExchange: String?

    private init(handshakeTimeout: TimeAmount, makeSession: @escaping () throws(OpenSSLError) -> TLSSession) {
        self.handshakeTimeout = handshakeTimeout
        self.makeSession = makeSession
    }

    /// A handler for an accepted connection.
    public static func server(context: TLSContext, handshakeTimeout: TimeAmount = .seconds(10)) -> TLSHandler {
        TLSHandler(handshakeTimeout: handshakeTimeout) { () throws(OpenSSLError) in try TLSSession(server: context) }
    }

    /// A handler for a connection that this process opened.
    ///
    /// - Parameter serverName: the DNS name or IP address that the server's certificate must have. An empty or overlong
    ///   name makes the handshake fail.
    public static func client(
        context: TLSContext, serverName: String, handshakeTimeout: TimeAmount = .seconds(10)
    ) -> TLSHandler {
        TLSHandler(handshakeTimeout: handshakeTimeout) { () throws(OpenSSLError) in
            try TLSSession(client: context, serverName: serverName)
        }
    }

    /// Starts the handshake if the channel is connected already.
    public func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { perform(machine.transportActive(), context) }
    }

    /// Stops the timers, fails waiting writes and clears plaintext from memory.
    public func handlerRemoved(context: ChannelHandlerContext) {
        handshakeTimer?.cancel()
        drainTimer?.cancel()
        idleTimer?.cancel()
        failPendingWrites(ChannelError.ioOnClosedChannel)
        outgoing.releaseMemory()
        cleansePlaintext()
    }

    /// Called for each read and write, so it must be cheap: a busy connection has one timer a second, an idle one has
    /// none.
    func noteActivity(_ context: ChannelHandlerContext) {
        wasActive = true
        if idleTimer == nil { scheduleIdleTimer(context) }
    }

    private func scheduleIdleTimer(_ context: ChannelHandlerContext) {
        wasActive = false
        idleTimer = context.eventLoop.assumeIsolated().scheduleTask(in: Self.idleTime) {
            if self.wasActive { return self.scheduleIdleTimer(context) }
            self.idleTimer = nil
            self.releaseBuffers()
        }
    }

    private func releaseBuffers() {
        session?.releaseBuffers()
        FreedMemory.ofConnections.add(Self.bufferBytes)
        cleansePlaintext()
        plaintext = ByteBuffer()
        outgoing.releaseMemory()
        ciphertext = ByteBuffer()
    }

    /// Clears buffers that may have held secrets, unless a receiver still uses a part of them.
    private func cleansePlaintext() {
        plaintext.clear()
        plaintext.withUnsafeMutableWritableBytes { cleanse($0) }
    }

    /// Starts the handshake.
    public func channelActive(context: ChannelHandlerContext) {
        perform(machine.transportActive(), context)
        context.fireChannelActive()
    }

    /// Reports an unfinished connection as an error and fails waiting writes.
    public func channelInactive(context: ChannelHandlerContext) {
        perform(machine.transportInactive(), context)
        handshakeTimer?.cancel()
        drainTimer?.cancel()
        idleTimer?.cancel()
        failPendingWrites(ChannelError.ioOnClosedChannel)
        closePromise?.succeed()
        closePromise = nil
        context.fireChannelInactive()
    }

    /// Replaces the socket's end of input by the one of TLS.
    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The end of the transport's input is not the end of TLS input. Downstream hears of that when close_notify
        // arrives.
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        perform(machine.transportInputClosed(), context)
    }

    /// Sends close_notify, then waits a short time for the peer before the socket is closed.
    public func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        let action: TLSStateMachine.Action
        switch mode {
        case .all:
            join(promise)
            action = machine.closeRequested()
        case .output:
            action = machine.outputCloseRequested()
        case .input:
            action = .refuse
        }
        switch action {
        case .refuse: promise?.fail(ChannelError.operationUnsupported)
        case .closeOutput:
            session?.sendCloseNotify()
            flushOutput(context, promise: promise)
        case .closeNotifyAndFinish where mode == .output:
            join(promise)
            perform(action, context)
        default: perform(action, context)
        }
    }

    /// Everybody who asked to close is notified at once.
    private func join(_ promise: EventLoopPromise<Void>?) {
        if let closePromise { closePromise.futureResult.cascade(to: promise) } else { closePromise = promise }
    }

    /// Carries out an action of the state machine.
    func perform(_ action: TLSStateMachine.Action, _ context: ChannelHandlerContext) {
        switch action {
        case .none, .refuse: break
        case .startHandshake: startHandshake(context)
        case .continueHandshake: continueHandshake(context)
        case .completeHandshake: completeHandshake(context)
        case .decrypt: decrypt(context)
        case .discard: discard(context)
        case .closeOutput, .closeNotifyAndDrain, .closeNotifyAndFinish:
            session?.sendCloseNotify()
            sendLastBytes(context)
        case .drain: sendLastBytes(context)
        case .announceInputClosed: context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        case .failAndDrain(let error):
            handshakeTimer?.cancel()
            failPendingWrites(error)
            // Failures are counted before the peer is notified.
            context.fireErrorCaught(error)
            sendLastBytes(context)
        case .failAndClose(let error):
            handshakeTimer?.cancel()
            failPendingWrites(error)
            context.fireErrorCaught(error)
            closeTransport(context)
        case .report(let error):
            failPendingWrites(error)
            context.fireErrorCaught(error)
        case .closeTransport(let clean):
            if clean { context.fireUserInboundEventTriggered(TLSUserEvent.shutdownCompleted) }
            closeTransport(context)
        }
    }

    private func closeTransport(_ context: ChannelHandlerContext) {
        handshakeTimer?.cancel()
        drainTimer?.cancel()
        failPendingWrites(ChannelError.ioOnClosedChannel)
        let promise = closePromise
        closePromise = nil
        context.close(promise: promise)
    }

    /// Writes the last close_notify or alert, and limits the wait for the peer.
    private func sendLastBytes(_ context: ChannelHandlerContext) {
        failPendingWrites(ChannelError.ioOnClosedChannel)
        limitDraining(context, to: Self.lastWriteTime)
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        // A failed write closes the channel, which ends the wait too.
        written.futureResult.whenSuccess {
            let (handler, context) = bound.value
            if handler.machine.needsInput { handler.limitDraining(context, to: Self.drainTime) }
            handler.perform(handler.machine.lastBytesWritten(), context)
        }
        flushOutput(context, promise: written)
        if machine.needsInput { context.read() }
    }

    private func limitDraining(_ context: ChannelHandlerContext, to time: TimeAmount) {
        drainTimer?.cancel()
        drainTimer = context.eventLoop.assumeIsolated().scheduleTask(in: time) {
            self.perform(self.machine.drainTimedOut(), context)
        }
    }

    private func startHandshake(_ context: ChannelHandlerContext) {
        handshakeTimer = context.eventLoop.assumeIsolated().scheduleTask(in: handshakeTimeout) {
            self.perform(self.machine.handshakeTimedOut(), context)
        }
        do throws(OpenSSLError) { session = try makeSession() } catch {
            return perform(machine.handshakeAdvanced(.failed(.other(error.description))), context)
        }
        continueHandshake(context)
        if machine.needsInput { context.read() }
    }

    private func continueHandshake(_ context: ChannelHandlerContext) {
        guard let session else { return }
        let action = machine.handshakeAdvanced(session.handshake())
        if case .failAndDrain = action {} else { flushOutput(context, promise: nil) }
        perform(action, context)
    }

    private func completeHandshake(_ context: ChannelHandlerContext) {
        handshakeTimer?.cancel()
        peerCertificate = session?.peerCertificate
        negotiatedProtocol = session?.negotiatedProtocol
        tlsVersion = session?.version
        cipherName = session?.cipherName
        keyExchange = session?.keyExchange
        context.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: negotiatedProtocol))
        encryptPendingWrites(context)
        // Data may have arrived together with the end of the handshake.
        decrypt(context)
        // The connection may be silent for long from here on, and the next one needs the same memory.
        session?.releaseBuffers()
    }
}
