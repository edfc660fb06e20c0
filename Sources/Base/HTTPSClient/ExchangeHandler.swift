import Addresses
import NIOCore
import NIOHTTP1
import NIOOpenSSL
import OpenSSL

/// The client's end of one connection: writes a request after the handshake, collects the answer, and then either
/// closes the connection or leaves it to its keeper, which may begin another exchange.
final class ExchangeHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundOut = HTTPClientRequestPart

    /// What has arrived of an answer.
    private final class Answer {
        let head: HTTPResponseHead
        var body: [UInt8] = []
        var bytesInWindow = 0
        var rateTask: RepeatedTask?

        init(head: HTTPResponseHead) {
            self.head = head
        }
    }

    private enum State {
        /// The request waits for the connection.
        case starting(HTTPSRequest, HTTPExchange)
        case waiting(HTTPExchange)
        case receiving(HTTPExchange, Answer)
        /// Between two exchanges.
        case idle
        case ended
    }

    private let tls: TLSHandler?
    private let keeper: ConnectionKeeper?
    private var state: State
    private var context: ChannelHandlerContext?

    /// - Parameter keeper: takes the connection after an answer; nil to close it.
    init(request: HTTPSRequest, exchange: HTTPExchange, tls: TLSHandler?, keeper: ConnectionKeeper? = nil) {
        self.tls = tls
        self.keeper = keeper
        state = .starting(request, exchange)
    }

    /// Whether another exchange may begin.
    var isIdle: Bool {
        guard case .idle = state, let context else { return false }
        return context.channel.isActive
    }

    /// Begins another exchange on an idle connection.
    func begin(_ request: HTTPSRequest, _ exchange: HTTPExchange) {
        guard isIdle, let context else { return exchange.fail(.truncated) }
        exchange.reuses(context.channel)
        state = .starting(request, exchange)
        write(context)
    }

    /// Closes an idle connection.
    func close() {
        guard case .idle = state else { return }
        state = .ended
        context?.close(promise: nil)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        if context.channel.isActive { write(context) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        write(context)
        context.fireChannelActive()
    }

    private func write(_ context: ChannelHandlerContext) {
        guard case .starting(let request, let exchange) = state else { return }
        state = .waiting(exchange)
        var head = HTTPRequestHead(
            version: .http1_1, method: HTTPMethod(rawValue: request.method.rawValue), uri: request.url.target)
        head.headers.add(name: "Host", value: request.url.authority)
        if keeper == nil { head.headers.add(name: "Connection", value: "close") }
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
        written.futureResult.whenSuccess { exchange.written() }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch (unwrapInboundIn(data), state) {
        case (.head(let head), .waiting(let exchange)):
            // Interim answers (RFC 9110 section 15.2) are skipped.
            guard head.status.code >= 200 else { return }
            exchange.answerBegins()
            guard !(300...399).contains(head.status.code) else { return end(exchange, .redirected) }
            let announced = head.headers.first(name: "Content-Length").flatMap { Int($0) }
            if let announced, announced > exchange.limits.maximumBytes { return end(exchange, .tooLarge) }
            let answer = Answer(head: head)
            answer.rateTask = watchRate(context)
            state = .receiving(exchange, answer)
        case (.body(let buffer), .receiving(let exchange, let answer)):
            guard answer.body.count + buffer.readableBytes <= exchange.limits.maximumBytes else {
                return end(exchange, .tooLarge)
            }
            answer.bytesInWindow += buffer.readableBytes
            answer.body.append(contentsOf: buffer.readableBytesView)
        case (.end, .receiving(let exchange, let answer)): complete(exchange, answer, context)
        case (_, .idle):
            // Bytes that no request asked for.
            state = .ended
            context.close(promise: nil)
        default: return
        }
    }

    private func complete(_ exchange: HTTPExchange, _ answer: Answer, _ context: ChannelHandlerContext) {
        answer.rateTask?.cancel()
        let response = HTTPSResponse(
            status: Int(answer.head.status.code),
            headers: answer.head.headers.map { (name: $0.name, value: $0.value) },
            body: answer.body,
            connection: details(exchange))
        let keeper = answer.head.isKeepAlive && context.channel.isActive ? keeper : nil
        state = keeper == nil ? .ended : .idle
        // First, so that a request that follows this answer finds the connection.
        keeper?.keep(self)
        exchange.succeed(response, keepsConnection: keeper != nil)
    }

    private func end(_ exchange: HTTPExchange, _ error: HTTPSError) {
        cancelRate()
        state = .ended
        exchange.fail(error)
    }

    private func details(_ exchange: HTTPExchange) -> HTTPSConnectionDetails {
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

    private func watchRate(_ context: ChannelHandlerContext) -> RepeatedTask {
        let window = TimeAmount.seconds(3)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        return context.eventLoop.scheduleRepeatedTask(initialDelay: window, delay: window) { _ in
            bound.value.endWindow()
        }
    }

    private func endWindow() {
        guard case .receiving(let exchange, let answer) = state else { return }
        guard answer.bytesInWindow >= exchange.limits.minimumBytesPerWindow else { return end(exchange, .tooSlow) }
        answer.bytesInWindow = 0
    }

    private func cancelRate() {
        if case .receiving(_, let answer) = state { answer.rateTask?.cancel() }
    }

    private func fail(_ error: HTTPSError) {
        switch state {
        case .starting(_, let exchange), .waiting(let exchange), .receiving(let exchange, _): end(exchange, error)
        case .idle: state = .ended
        case .ended: break
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case TLSError.handshakeFailed(let cause), TLSError.connectionFailed(let cause): fail(.tls(cause))
        case TLSError.handshakeTimedOut: fail(.tlsTimeout)
        case TLSError.truncated, HTTPParserError.invalidEOFState: fail(.truncated)
        case HTTPParserError.headerOverflow: fail(.tooLarge)
        case is HTTPParserError: fail(.malformed)
        default: fail(.truncated)
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        let wasIdle = if case .idle = state { true } else { false }
        fail(.truncated)
        if wasIdle { keeper?.lose(self) }
        context.fireChannelInactive()
    }
}
