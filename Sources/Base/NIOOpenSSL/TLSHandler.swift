public import NIOCore
import NIOTLS
public import OpenSSL

/// TLS on a channel: ciphertext towards the socket, plaintext towards the application.
///
/// When the handshake is complete it fires `TLSUserEvent.handshakeCompleted`, and `shutdownCompleted` when both sides
/// have said goodbye; failures come as `TLSError`. What is written before the handshake is complete waits for it.
/// Plaintext is handed on only when downstream has asked for it with `read`.
public final class TLSHandler: ChannelDuplexHandler {
    public typealias InboundIn = ByteBuffer
    public typealias InboundOut = ByteBuffer
    public typealias OutboundIn = ByteBuffer
    public typealias OutboundOut = ByteBuffer

    /// How long a peer may take to close after our last bytes were written, and how long these may take.
    static let drainTime = TimeAmount.seconds(1)
    static let lastWriteTime = TimeAmount.seconds(10)
    /// How long a connection keeps its buffers without a record, at most twice as long.
    static let idleTime = TimeAmount.seconds(1)
    /// What a peer may still send meanwhile.
    static let maximumDrainedBytes = 1 << 20

    private let makeSession: () throws(OpenSSLError) -> TLSSession
    private let handshakeTimeout: TimeAmount
    private var handshakeTimer: Scheduled<Void>?
    private var drainTimer: Scheduled<Void>?
    private var closePromise: EventLoopPromise<Void>?
    private var idleTimer: Scheduled<Void>?
    /// Records came or went since the last look for idleness.
    private var wasActive = false

    var drainedBytes = 0
    var machine = TLSStateMachine()
    var session: TLSSession?
    var pendingWrites = MarkedCircularBuffer<(ByteBuffer, EventLoopPromise<Void>?)>(initialCapacity: 4)
    /// Buffers that are used again when whoever got them last has let go.
    var plaintext = ByteBuffer()
    var ciphertext = ByteBuffer()
    var gathered = ByteBuffer()
    /// Downstream has asked for data that it has not got yet.
    var readRequested = false
    /// Data was handed on since the last `channelReadComplete`: one request may be answered in several pieces.
    var isDelivering = false

    /// The certificate the peer presented and proved. Nil before the handshake is complete.
    public private(set) var peerCertificate: Certificate?
    /// What a client showed and the handshake refused; see ``TLSSession/untrustedRefusedCertificate``.
    public var untrustedRefusedCertificate: Certificate? { session?.untrustedRefusedCertificate }
    /// The application protocol ALPN settled on.
    public private(set) var negotiatedProtocol: String?
    /// For example `TLSv1.3`.
    public private(set) var tlsVersion: String?
    /// For example `TLS_AES_256_GCM_SHA384`.
    public private(set) var cipherName: String?

    private init(handshakeTimeout: TimeAmount, makeSession: @escaping () throws(OpenSSLError) -> TLSSession) {
        self.handshakeTimeout = handshakeTimeout
        self.makeSession = makeSession
    }

    /// A handler for an accepted connection.
    public static func server(context: TLSContext, handshakeTimeout: TimeAmount = .seconds(10)) -> TLSHandler {
        TLSHandler(handshakeTimeout: handshakeTimeout) { () throws(OpenSSLError) in try TLSSession(server: context) }
    }

    /// A handler for a connection this process opened.
    ///
    /// - Parameter serverName: the DNS name or IP address the server's certificate must be for. One that is empty or
    ///   too long makes the handshake fail.
    public static func client(
        context: TLSContext, serverName: String, handshakeTimeout: TimeAmount = .seconds(10)
    ) -> TLSHandler {
        TLSHandler(handshakeTimeout: handshakeTimeout) { () throws(OpenSSLError) in
            try TLSSession(client: context, serverName: serverName)
        }
    }

    public func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { perform(machine.transportActive(), context) }
    }

    public func handlerRemoved(context: ChannelHandlerContext) {
        handshakeTimer?.cancel()
        drainTimer?.cancel()
        idleTimer?.cancel()
        failPendingWrites(ChannelError.ioOnClosedChannel)
        cleansePlaintext()
    }

    /// Called for each read and write, so that it is cheap: one timer a second for a connection that is busy, none for
    /// one that is idle.
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
        cleansePlaintext()
        plaintext = ByteBuffer()
        gathered = ByteBuffer()
        ciphertext = ByteBuffer()
    }

    /// What passed through may have been secret. Whoever still holds a part of it keeps that.
    private func cleansePlaintext() {
        plaintext.clear()
        gathered.clear()
        plaintext.withUnsafeMutableWritableBytes { cleanse($0) }
        gathered.withUnsafeMutableWritableBytes { cleanse($0) }
    }

    public func channelActive(context: ChannelHandlerContext) {
        perform(machine.transportActive(), context)
        context.fireChannelActive()
    }

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

    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        // The transport's end of input says nothing about TLS's; downstream hears of that when close_notify comes.
        guard let event = event as? ChannelEvent, event == .inputClosed else {
            return context.fireUserInboundEventTriggered(event)
        }
        perform(machine.transportInputClosed(), context)
    }

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

    /// All who asked to close hear of it at once.
    private func join(_ promise: EventLoopPromise<Void>?) {
        if let closePromise { closePromise.futureResult.cascade(to: promise) } else { closePromise = promise }
    }

    /// Does what the state machine decided.
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
            // Whoever counts failures has counted this one before the peer hears of it.
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

    /// Writes what is left, a close_notify or an alert, and sees to it that the wait for the peer has an end.
    private func sendLastBytes(_ context: ChannelHandlerContext) {
        failPendingWrites(ChannelError.ioOnClosedChannel)
        limitDraining(context, to: Self.lastWriteTime)
        let written = context.eventLoop.makePromise(of: Void.self)
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        // A write that fails closes the channel, and that ends the wait too.
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
        context.fireUserInboundEventTriggered(TLSUserEvent.handshakeCompleted(negotiatedProtocol: negotiatedProtocol))
        encryptPendingWrites(context)
        // Data may have come in one piece with the end of the handshake.
        decrypt(context)
    }
}
