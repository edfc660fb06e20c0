import Addresses
import Glibc
public import NIOCore
import NIOHTTP1
import NIOOpenSSL
import NIOPosix
public import OpenSSL

/// Sends single requests over HTTP/1.1 and TLS, with one connection each. Everything is bounded, and redirects are not
/// followed. ``HTTPSConnectionPool`` keeps connections open for further requests.
///
/// If a name has several addresses, they are tried as in RFC 8305, so that unreachable ones cost little time.
public final class HTTPSClient: Sendable {
    private let context: TLSContext
    private let proxies: ProxySettings
    /// The limits of every exchange.
    public let limits: HTTPSLimits

    /// A client for one TLS configuration; it can send any number of requests at once.
    public init(
        context: TLSContext, proxies: ProxySettings = ProxySettings(proxy: nil), limits: HTTPSLimits = HTTPSLimits()
    ) {
        self.context = context
        self.proxies = proxies
        self.limits = limits
    }

    /// The answer; the future fails with an ``HTTPSError``.
    ///
    /// - Parameter end: when the answer must be complete; nil applies the limits from now on.
    public func send(
        _ request: HTTPSRequest, on eventLoop: any EventLoop, by end: NIODeadline? = nil
    ) -> EventLoopFuture<HTTPSResponse> {
        send(request, on: eventLoop, by: end ?? .now() + TimeAmount(limits.deadline), keepingIn: nil)
    }

    /// - Parameter pool: takes the connection after the answer; nil to close it.
    func send(
        _ request: HTTPSRequest, on eventLoop: any EventLoop, by end: NIODeadline, keepingIn pool: HTTPSConnectionPool?
    ) -> EventLoopFuture<HTTPSResponse> {
        let exchange = HTTPExchange(
            promise: eventLoop.makePromise(of: HTTPSResponse.self), limits: limits, eventLoop: eventLoop)
        exchange.startDeadline(end)
        let proxy: HTTPProxy?
        do throws(HTTPSError) {
            proxy = request.url.isPlain ? nil : try proxies.proxy(for: request.url)
        } catch {
            eventLoop.execute { exchange.fail(error) }
            return exchange.promise.futureResult
        }
        let host = proxy?.host ?? request.url.host
        let port = proxy?.port ?? request.url.port
        let isProxied = proxy != nil
        HTTPSClient.addresses(of: host, port: port, on: eventLoop)
            .hop(to: eventLoop)
            .flatMap { addresses -> EventLoopFuture<any Channel> in
                guard exchange.begins(.connecting) else {
                    return eventLoop.makeFailedFuture(HTTPSError.nameLookupTimeout)
                }
                return self.bootstrap(request, through: proxy, exchange: exchange, pool: pool, on: eventLoop)
                    .resolver(KnownAddresses(addresses: addresses, eventLoop: eventLoop))
                    .connect(host: host, port: port)
            }
            .hop(to: eventLoop)
            .whenComplete { result in
                switch result {
                case .success(let channel): exchange.connected(channel)
                case .failure(let error):
                    let error = HTTPSError(connecting: error)
                    exchange.fail(isProxied && !error.isOfNameLookup ? .proxyUnreachable : error)
                }
            }
        return exchange.promise.futureResult
    }

    private static func addresses(
        of host: String, port: Int, on eventLoop: any EventLoop
    ) -> EventLoopFuture<[SocketAddress]> {
        if let literal = try? SocketAddress(ipAddress: host, port: port) {
            return eventLoop.makeSucceededFuture([literal])
        }
        return HostLookup.shared.addresses(of: host, port: port, on: eventLoop)
    }

    private func bootstrap(
        _ request: HTTPSRequest, through proxy: HTTPProxy?, exchange: HTTPExchange, pool: HTTPSConnectionPool?,
        on eventLoop: any EventLoop
    ) -> ClientBootstrap {
        let context = self.context
        let keeper = pool.map { ConnectionKeeper(pool: $0, route: HTTPSRoute(request, client: self)) }
        return ClientBootstrap(group: eventLoop)
            .connectTimeout(TimeAmount(limits.connectTimeout))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let start = { (channel: any Channel) throws in
                        try HTTPSClient.addHandlers(
                            channel, request: request, exchange: exchange, context: context, keeper: keeper)
                    }
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(ConnectionClock(exchange: exchange))
                    guard let proxy else { return try start(channel) }
                    if proxy.isTLS {
                        try pipeline.addHandler(TLSHandler.client(context: context, serverName: proxy.host))
                    }
                    try pipeline.addHandler(
                        ProxyConnectHandler(proxy: proxy, url: request.url, exchange: exchange, connected: start))
                }
            }
    }

    private static func addHandlers(
        _ channel: any Channel,
        request: HTTPSRequest,
        exchange: HTTPExchange,
        context: TLSContext,
        keeper: ConnectionKeeper?
    ) throws {
        let pipeline = channel.pipeline.syncOperations
        exchange.begins(.handshaking)
        var tls: TLSHandler?
        if !request.url.isPlain {
            let handler = TLSHandler.client(context: context, serverName: request.serverName ?? request.url.host)
            try pipeline.addHandler(handler)
            tls = handler
        }
        try pipeline.addHandler(HTTPRequestEncoder())
        try pipeline.addHandler(ByteToMessageHandler(HTTPResponseDecoder()))
        try pipeline.addHandler(ExchangeHandler(request: request, exchange: exchange, tls: tls, keeper: keeper))
    }
}

extension HTTPSError {
    /// Reads the error of a bootstrap.
    init(connecting error: any Error) {
        switch error {
        case let error as NIOConnectionError:
            // The addresses may have failed for different reasons; the last one is as useful as any.
            self = error.connectionErrors.last.map { HTTPSError(connecting: $0.error) } ?? .unreachable
        case ChannelError.connectTimeout: self = .connectTimeout
        case let error as IOError where error.errnoCode == ECONNREFUSED: self = .connectionRefused
        case let error as HTTPSError: self = error
        default: self = .unreachable
        }
    }
}
