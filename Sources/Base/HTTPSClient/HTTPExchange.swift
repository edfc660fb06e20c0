internal import Addresses
internal import NIOCore
internal import NIOHTTP1
internal import NIOOpenSSL
internal import OpenSSL

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
        self.channel = channel
        if isOver { channel.close(promise: nil) }
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

    func succeed(_ response: HTTPSResponse) {
        eventLoop.assertInEventLoop()
        guard !isOver else { return }
        end()
        promise.succeed(response)
    }

    private func end() {
        isOver = true
        deadline?.cancel()
        channel?.close(promise: nil)
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

/// Writes the request after the handshake, and collects the answer.
final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    private let request: HTTPSRequest
    private let exchange: HTTPExchange
    private let tls: TLSHandler?
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []
    private var bytesInWindow = 0
    private var rateTask: RepeatedTask?

    init(request: HTTPSRequest, exchange: HTTPExchange, tls: TLSHandler?) {
        self.request = request
        self.exchange = exchange
        self.tls = tls
    }

    func handlerAdded(context: ChannelHandlerContext) {
        if context.channel.isActive { write(context) }
    }

    func channelActive(context: ChannelHandlerContext) {
        write(context)
        context.fireChannelActive()
    }

    private func write(_ context: ChannelHandlerContext) {
        var head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: request.url.target)
        head.headers.add(name: "Host", value: request.url.authority)
        head.headers.add(name: "Connection", value: "close")
        head.headers.add(name: "User-Agent", value: "kube-entra")
        for header in request.headers { head.headers.add(name: header.name, value: header.value) }
        let body = request.body.withUnsafeBytes { ByteBuffer(bytes: $0) }
        if request.method != .get { head.headers.add(name: "Content-Length", value: "\(body.readableBytes)") }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if body.readableBytes > 0 {
            context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
        }
        // TLS delays the write until the handshake is complete.
        let written = context.eventLoop.makePromise(of: Void.self)
        let exchange = self.exchange
        written.futureResult.whenSuccess { exchange.written() }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            // Interim answers (RFC 9110 section 15.2) are skipped.
            guard head.status.code >= 200 else { return }
            guard !(300...399).contains(head.status.code) else { return exchange.fail(.redirected) }
            let announced = head.headers.first(name: "Content-Length").flatMap { Int($0) }
            if let announced, announced > exchange.limits.maximumBytes { return exchange.fail(.tooLarge) }
            self.head = head
            watchRate(context)
        case .body(let buffer):
            bytesInWindow += buffer.readableBytes
            guard body.count + buffer.readableBytes <= exchange.limits.maximumBytes else {
                return exchange.fail(.tooLarge)
            }
            body.append(contentsOf: buffer.readableBytesView)
        case .end:
            guard let head else { return }
            exchange.succeed(
                HTTPSResponse(
                    status: Int(head.status.code),
                    headers: head.headers.map { (name: $0.name, value: $0.value) },
                    body: body,
                    connection: details()))
        }
    }

    private func details() -> HTTPSConnectionDetails {
        var details = exchange.times()
        if let tls {
            details.tlsVersion = tls.tlsVersion
            details.cipherName = tls.cipherName
            details.keyExchange = tls.keyExchange
            details.applicationProtocol = tls.negotiatedProtocol
            details.peerCertificate = tls.peerCertificate
        }
        return details
    }

    private func watchRate(_ context: ChannelHandlerContext) {
        let window = TimeAmount.seconds(3)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        rateTask = context.eventLoop.scheduleRepeatedTask(initialDelay: window, delay: window) { task in
            bound.value.endWindow(task)
        }
    }

    private func endWindow(_ task: RepeatedTask) {
        if bytesInWindow < exchange.limits.minimumBytesPerWindow {
            task.cancel()
            exchange.fail(.tooSlow)
        }
        bytesInWindow = 0
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case TLSError.handshakeFailed(let cause), TLSError.connectionFailed(let cause): exchange.fail(.tls(cause))
        case TLSError.handshakeTimedOut: exchange.fail(.tlsTimeout)
        case TLSError.truncated, HTTPParserError.invalidEOFState: exchange.fail(.truncated)
        case HTTPParserError.headerOverflow: exchange.fail(.tooLarge)
        case is HTTPParserError: exchange.fail(.malformed)
        default: exchange.fail(.truncated)
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        rateTask?.cancel()
        exchange.fail(.truncated)
        context.fireChannelInactive()
    }
}
