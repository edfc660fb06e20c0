public import NIOCore
internal import NIOHTTP1
internal import NIOOpenSSL
internal import NIOPosix
public import OpenSSL

/// Sends single requests over HTTP/1.1 and TLS: one connection each, everything bounded, no redirects.
///
/// Several addresses of a name are tried as RFC 8305 says, so that dead ones cost little.
public final class HTTPSClient: Sendable {
    private let context: TLSContext
    private let proxies: ProxySettings
    private let limits: HTTPSLimits

    public init(
        context: TLSContext, proxies: ProxySettings = ProxySettings(proxy: nil), limits: HTTPSLimits = HTTPSLimits()
    ) {
        self.context = context
        self.proxies = proxies
        self.limits = limits
    }

    /// The answer, or an ``HTTPSError``.
    public func send(_ request: HTTPSRequest, on eventLoop: any EventLoop) -> EventLoopFuture<HTTPSResponse> {
        let exchange = HTTPExchange(
            promise: eventLoop.makePromise(of: HTTPSResponse.self), limits: limits, eventLoop: eventLoop)
        exchange.startDeadline()
        let proxy = request.url.isPlain ? nil : proxies.proxy(for: request.url)
        let context = self.context
        let bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(limits.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let start = { (channel: any Channel) throws in
                        try HTTPSClient.addHandlers(channel, request: request, exchange: exchange, context: context)
                    }
                    if let proxy {
                        try channel.pipeline.syncOperations.addHandler(
                            ProxyConnectHandler(proxy: proxy, url: request.url, exchange: exchange, connected: start))
                    } else {
                        try start(channel)
                    }
                }
            }
        bootstrap.connect(host: proxy?.host ?? request.url.host, port: proxy?.port ?? request.url.port)
            .whenComplete { result in
                switch result {
                case .success(let channel): exchange.connected(channel)
                case .failure(let error):
                    exchange.fail(proxy == nil ? HTTPSError(connecting: error) : .proxyUnreachable)
                }
            }
        return exchange.promise.futureResult
    }

    private static func addHandlers(
        _ channel: any Channel,
        request: HTTPSRequest,
        exchange: HTTPExchange,
        context: TLSContext
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(TLSHandler.client(context: context, serverName: request.serverName ?? request.url.host))
        try pipeline.addHandler(HTTPRequestEncoder())
        try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder()))
        try pipeline.addHandler(ExchangeHandler(request: request, exchange: exchange))
    }
}

extension HTTPSError {
    /// Reads what a bootstrap reports.
    init(connecting error: any Error) {
        switch error {
        case let error as NIOConnectionError:
            if error.connectionErrors.isEmpty {
                self = .nameNotFound
            } else {
                // One address may have been refused and another dead: the last one tells as much as any.
                self = error.connectionErrors.last.map { HTTPSError(connecting: $0.error) } ?? .unreachable
            }
        case is SocketAddressError: self = .nameNotFound
        case ChannelError.connectTimeout: self = .connectTimeout
        case let error as IOError where error.errnoCode == 111: self = .connectionRefused
        case let error as HTTPSError: self = error
        default: self = .unreachable
        }
    }
}
