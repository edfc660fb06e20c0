import Addresses
public import NIOCore

/// Keeps connections open between requests (RFC 9112 section 9.3), so that frequent requests to a server do not each
/// need a new connection.
///
/// A request takes the connection that was used last, or opens one. Limits, proxies and trust are those of the client
/// that sends the request; a connection serves requests of the same client and server only.
// Sendable without checks: every member is used on the event loop only, which each entry asserts.
public final class HTTPSConnectionPool: @unchecked Sendable {
    private struct Idle {
        let connection: ExchangeHandler
        let route: HTTPSRoute
        let timer: Scheduled<Void>
    }

    private let eventLoop: any EventLoop
    private let idleTime: TimeAmount
    private let maximumIdle: Int
    private var idle: [Idle] = []
    private var isClosed = false

    /// - Parameters:
    ///   - idleTime: how long a connection may stay open without a request.
    ///   - maximumIdle: largest number of connections without a request.
    public init(eventLoop: any EventLoop, idleTime: Duration = .seconds(120), maximumIdle: Int = 16) {
        self.eventLoop = eventLoop
        self.idleTime = TimeAmount(idleTime)
        self.maximumIdle = maximumIdle
    }

    /// The answer; the future fails with an ``HTTPSError``. Must be called on the event loop.
    ///
    /// A server may close an idle connection at the moment at which a request is sent. Such a request is sent again,
    /// once and on a new connection, so it must be one that may arrive twice (RFC 9110 section 9.2.2).
    public func send(_ request: HTTPSRequest, through client: HTTPSClient) -> EventLoopFuture<HTTPSResponse> {
        eventLoop.assertInEventLoop()
        let end = NIODeadline.now() + TimeAmount(client.limits.deadline)
        guard let connection = takeIdle(HTTPSRoute(request, client: client)) else {
            return client.send(request, on: eventLoop, by: end, keepingIn: self)
        }
        let exchange = HTTPExchange(
            promise: eventLoop.makePromise(of: HTTPSResponse.self), limits: client.limits, eventLoop: eventLoop)
        exchange.startDeadline(end)
        connection.begin(request, exchange)
        return exchange.promise.futureResult.flatMapError { error in
            guard !exchange.hasAnswer, (error as? HTTPSError)?.isLostConnection == true else {
                return self.eventLoop.makeFailedFuture(error)
            }
            return client.send(request, on: self.eventLoop, by: end, keepingIn: self)
        }
    }

    /// Closes idle connections at once, and others after their answers. Must be called on the event loop.
    public func close() {
        eventLoop.assertInEventLoop()
        isClosed = true
        for one in idle { close(one) }
        idle = []
    }

    /// The connection that was used last; those of another client or server are closed.
    private func takeIdle(_ route: HTTPSRoute) -> ExchangeHandler? {
        while let last = idle.popLast() {
            guard last.route == route, last.connection.isIdle else {
                close(last)
                continue
            }
            last.timer.cancel()
            return last.connection
        }
        return nil
    }

    func keep(_ connection: ExchangeHandler, _ route: HTTPSRoute) {
        eventLoop.assertInEventLoop()
        guard !isClosed, idle.count < maximumIdle else {
            // Not at once, since the exchange of this connection is still being completed.
            return eventLoop.assumeIsolated().execute { connection.close() }
        }
        let timer = eventLoop.assumeIsolated().scheduleTask(in: idleTime) { [weak self] in
            self?.lose(connection)
            connection.close()
        }
        idle.append(Idle(connection: connection, route: route, timer: timer))
    }

    func lose(_ connection: ExchangeHandler) {
        eventLoop.assertInEventLoop()
        guard let index = idle.firstIndex(where: { $0.connection === connection }) else { return }
        idle.remove(at: index).timer.cancel()
    }

    private func close(_ one: Idle) {
        one.timer.cancel()
        one.connection.close()
    }
}

/// What two requests must share to share a connection.
struct HTTPSRoute: Equatable {
    private let client: HTTPSClient
    private let server: String
    private let serverName: String?

    init(_ request: HTTPSRequest, client: HTTPSClient) {
        self.client = client
        server = request.url.authority
        serverName = request.serverName
    }

    static func == (left: HTTPSRoute, right: HTTPSRoute) -> Bool {
        left.client === right.client && left.server.utf8.elementsEqual(right.server.utf8)
            && left.serverName.map { Array($0.utf8) } == right.serverName.map { Array($0.utf8) }
    }
}

/// Takes a connection back into its pool. Without the pool, it is closed.
struct ConnectionKeeper {
    private weak let pool: HTTPSConnectionPool?
    private let route: HTTPSRoute

    init(pool: HTTPSConnectionPool, route: HTTPSRoute) {
        self.pool = pool
        self.route = route
    }

    func keep(_ connection: ExchangeHandler) {
        guard let pool else { return connection.close() }
        pool.keep(connection, route)
    }

    func lose(_ connection: ExchangeHandler) { pool?.lose(connection) }
}

extension HTTPSError {
    /// Whether the error can mean that the server had closed the idle connection.
    fileprivate var isLostConnection: Bool {
        switch self {
        case .truncated, .tls, .unreachable: true
        default: false
        }
    }
}
