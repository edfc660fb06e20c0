import NIOCore

/// One request in flight: its promise, its deadline and its connection. It lives on one event loop.
// Sendable without checks: every member is used on the event loop only, which each entry asserts.
final class HTTPExchange: @unchecked Sendable {
    /// The progress of an exchange, to say what took too long.
    enum Stage {
        case lookingUp
        case connecting
        case askingProxy
        case handshaking
        case answering
    }

    let promise: EventLoopPromise<HTTPSResponse>
    let limits: HTTPSLimits
    private let eventLoop: any EventLoop
    private var channel: (any Channel)?
    private var deadline: Scheduled<Void>?
    private var isOver = false
    /// The exchange has ended, and its connection serves others.
    private var isKept = false
    /// Whether the server has begun to answer.
    private(set) var hasAnswer = false
    private var stage = Stage.lookingUp
    private let started = NIODeadline.now()
    private var connectedAt: NIODeadline?
    private var writtenAt: NIODeadline?

    init(promise: EventLoopPromise<HTTPSResponse>, limits: HTTPSLimits, eventLoop: any EventLoop) {
        self.promise = promise
        self.limits = limits
        self.eventLoop = eventLoop
    }

    func startDeadline(_ end: NIODeadline) {
        eventLoop.execute {
            guard !self.isOver else { return }
            self.deadline = self.eventLoop.scheduleTask(deadline: end) { self.fail(self.lateness) }
        }
    }

    /// False if the exchange has ended already.
    @discardableResult
    func begins(_ stage: Stage) -> Bool {
        eventLoop.assertInEventLoop()
        self.stage = stage
        return !isOver
    }

    private var lateness: HTTPSError {
        switch stage {
        case .lookingUp: .nameLookupTimeout
        case .connecting: .connectTimeout
        case .askingProxy: .proxyTimeout
        case .handshaking: .tlsTimeout
        case .answering: .deadline
        }
    }

    /// The transport is connected; the handshake begins.
    func transportActive() {
        eventLoop.assertInEventLoop()
        connectedAt = .now()
    }

    /// The connection's future has completed. A busy event loop may notice it only after the handshake.
    func connected(_ channel: any Channel) {
        eventLoop.assertInEventLoop()
        guard isOver else { return self.channel = channel }
        if !isKept { channel.close(promise: nil) }
    }

    /// The exchange uses a connection of an earlier one.
    func reuses(_ channel: any Channel) {
        eventLoop.assertInEventLoop()
        connectedAt = .now()
        stage = .answering
        self.channel = channel
    }

    /// The head of the answer has arrived.
    func answerBegins() {
        eventLoop.assertInEventLoop()
        hasAnswer = true
    }

    func written() {
        eventLoop.assertInEventLoop()
        writtenAt = .now()
        stage = .answering
    }

    /// The times so far, if the answer ends now.
    func times() -> HTTPSConnectionDetails {
        let now = NIODeadline.now()
        let written = writtenAt ?? now
        let connected = connectedAt ?? written
        var details = HTTPSConnectionDetails()
        details.connecting = Duration(connected - started)
        details.handshaking = Duration(written - connected)
        details.answering = Duration(now - written)
        return details
    }

    func fail(_ error: HTTPSError) {
        eventLoop.assertInEventLoop()
        guard !isOver else { return }
        end()
        promise.fail(error)
    }

    /// - Parameter keepsConnection: whether the connection stays open for another exchange.
    func succeed(_ response: HTTPSResponse, keepsConnection: Bool = false) {
        eventLoop.assertInEventLoop()
        guard !isOver else { return }
        end(keepsConnection: keepsConnection)
        promise.succeed(response)
    }

    private func end(keepsConnection: Bool = false) {
        isOver = true
        isKept = keepsConnection
        deadline?.cancel()
        if !keepsConnection { channel?.close(promise: nil) }
        channel = nil
    }
}

/// Records when the connection was established. It is first in the pipeline, so the handshake has not begun.
final class ConnectionClock: ChannelInboundHandler {
    typealias InboundIn = NIOAny

    private let exchange: HTTPExchange

    init(exchange: HTTPExchange) {
        self.exchange = exchange
    }

    func channelActive(context: ChannelHandlerContext) {
        exchange.transportActive()
        context.fireChannelActive()
    }
}
