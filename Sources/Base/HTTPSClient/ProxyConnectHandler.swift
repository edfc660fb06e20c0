import Addresses
import NIOCore
import NIOOpenSSL

/// Asks a proxy for a tunnel (RFC 9110 section 9.3.6), then leaves the pipeline to TLS.
final class ProxyConnectHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let maximumAnswerBytes = 16_384

    private let proxy: HTTPProxy
    private let url: HTTPSURL
    private let exchange: HTTPExchange
    private let connected: (any Channel) throws -> Void
    private var answer: [UInt8] = []
    private var isDone = false

    init(proxy: HTTPProxy, url: HTTPSURL, exchange: HTTPExchange, connected: @escaping (any Channel) throws -> Void) {
        self.proxy = proxy
        self.url = url
        self.exchange = exchange
        self.connected = connected
    }

    func channelActive(context: ChannelHandlerContext) {
        exchange.begins(.askingProxy)
        let name = url.host.utf8.contains(UInt8(ascii: ":")) ? "[\(url.host)]" : url.host
        var request = "CONNECT \(name):\(url.port) HTTP/1.1\r\nHost: \(name):\(url.port)\r\n"
        if let authorization = proxy.authorization { request += "Proxy-Authorization: \(authorization)\r\n" }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request + "\r\n")), promise: nil)
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isDone else { return }
        answer.append(contentsOf: unwrapInboundIn(data).readableBytesView)
        while let end = answer.firstRange(of: Array("\r\n\r\n".utf8)) {
            guard let status = status() else { return fail(.proxyMalformed) }
            if (100...199).contains(status) {
                answer.removeSubrange(..<end.upperBound)
                continue
            }
            guard (200...299).contains(status) else { return fail(.proxyRefused(status)) }
            // The server behind the tunnel does not speak first, so nothing may follow the head of the answer.
            guard end.upperBound == answer.endIndex else { return fail(.proxyMalformed) }
            isDone = true
            context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
            do {
                try connected(context.channel)
            } catch {
                exchange.fail(.unreachable)
            }
            return
        }
        if answer.count > ProxyConnectHandler.maximumAnswerBytes { fail(.proxyMalformed) }
    }

    private func fail(_ error: HTTPSError) {
        isDone = true
        exchange.fail(error)
    }

    private func status() -> Int? {
        let line = answer.prefix { $0 != UInt8(ascii: "\r") }
        let words = line.split(separator: UInt8(ascii: " "), maxSplits: 2)
        guard words.count >= 2, words[0].starts(with: "HTTP/1.".utf8), words[1].count == 3 else { return nil }
        return Int(String(decoding: words[1], as: UTF8.self))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case TLSError.handshakeFailed(let cause), TLSError.connectionFailed(let cause): fail(.proxyTLS(cause))
        case TLSError.handshakeTimedOut: fail(.proxyTimeout)
        default: fail(.proxyMalformed)
        }
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !isDone { fail(.proxyMalformed) }
        context.fireChannelInactive()
    }
}
