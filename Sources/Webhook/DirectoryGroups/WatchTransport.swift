import Addresses
import HTTPSClient
import NIOCore
import Timestamps

/// Takes the watch's batches to Microsoft Graph. Everything happens on the watch's event loop.
protocol WatchTransport: Sendable {
    /// Gets ready, so that the first batch need not wait.
    func prepare()
    /// The application's token; the failure is a ``DirectoryError``.
    func token() -> EventLoopFuture<String>
    /// Forgets a token that was not accepted.
    func drop(_ token: String)
    /// Sends one encoded batch.
    func send(_ batch: [UInt8], token: String) -> EventLoopFuture<GraphReply>
    /// Ends connections without a request; nothing is sent any more.
    func close()
}

/// Over HTTPS, with connections that stay open between batches.
struct GraphTransport: WatchTransport {
    private let configuration: DirectoryConfiguration
    private let eventLoop: any EventLoop
    private let tokens: AppTokenSource
    private let connections: HTTPSConnectionPool
    /// Nil if the Graph endpoint is not an https address.
    private let url: HTTPSURL?

    init(configuration: DirectoryConfiguration, eventLoop: any EventLoop) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        tokens = AppTokenSource(configuration: configuration, eventLoop: eventLoop, now: { .now() })
        connections = HTTPSConnectionPool(eventLoop: eventLoop)
        url = HTTPSURL("\(configuration.graph)/v1.0/$batch")
    }

    func prepare() { tokens.keepFresh() }

    func token() -> EventLoopFuture<String> { tokens.token() }

    func drop(_ token: String) { tokens.drop(token) }

    func close() { connections.close() }

    func send(_ batch: [UInt8], token: String) -> EventLoopFuture<GraphReply> {
        guard let url else {
            return eventLoop.makeFailedFuture(
                DirectoryError.graph(.configuration("the Graph endpoint is not an https address")))
        }
        let headers = [
            (name: "Authorization", value: "Bearer \(token)"), (name: "Accept", value: "application/json"),
            (name: "Content-Type", value: "application/json"),
        ]
        do throws(HTTPSError) {
            let client = try configuration.graphClient()
            let request = HTTPSRequest(.post, url, headers: headers, body: batch)
            // A batch only reads, so that it may arrive twice.
            return connections.send(request, through: client).map(GraphReply.response)
                .recover(GraphReply.init(failing:))
        } catch {
            return eventLoop.makeFailedFuture(DirectoryError.graph(error))
        }
    }
}
