import Addresses
import Authentication
import Entra
import EntraTokens
import Logging
import NIOCore
import NIOHTTP1
import NIOOpenSSL
import NIOPosix
import OpenSSL
import Prometheus
import SafeText
import TestSupport
import Timestamps

@testable import WebhookServer

/// A server on loopback without TLS, with its metrics and its log.
final class TestServer: Sendable {
    let server: WebhookServer
    let registry = PrometheusRegistry()
    let recorder = LogRecorder()

    init(
        limits: ServerLimits = ServerLimits(),
        isHTTP2: Bool = false,
        services: ReviewServices = ReviewServices(),
        authenticator: Authenticator? = nil,
        keys: KeySnapshot? = nil,
        readiness: [HealthCheck] = [],
        tls: TLSContext? = nil,
        allowedClientNames: Set<ExactText> = [],
        status: (@Sendable () -> StatusInfo)? = nil,
        logLevel: Logger.Level = .info
    ) throws {
        var options = ServerOptions(
            listen: ListenAddress(host: "127.0.0.1", port: 0), operations: ListenAddress(host: "127.0.0.1", port: 0),
            limits: limits, allowedClientNames: allowedClientNames, eventLoops: 2)
        options.assumesHTTP2 = isHTTP2
        server = WebhookServer(
            options: options, tls: tls,
            basis: ReviewBasis(
                authenticator: authenticator ?? TestReviews.authenticator(),
                keys: try keys ?? TestTenant.ownKeys()),
            services: services,
            records: ServerRecords(
                metrics: ServerMetrics(factory: registry, version: "1.2.3", tenantIDs: [TestTenant.id]),
                logger: recorder.logger(level: logLevel)),
            operations: OperationsContent(registry: registry, readiness: readiness, status: status))
    }

    var port: Int { server.webhookAddress?.port ?? 0 }
    var operationsPort: Int { server.operationsAddress?.port ?? 0 }

    func with(_ body: (TestServer) async throws -> Void) async throws {
        try await server.start()
        do {
            try await body(self)
        } catch {
            await server.stop(within: .seconds(1))
            throw error
        }
        await server.stop(within: .seconds(1))
    }

    /// Sends bytes and returns everything until the server closes, or until `until` returns true.
    static func exchange(
        port: Int, _ text: String, tls: TLSContext? = nil,
        until isEnough: @escaping @Sendable (String) -> Bool = { _ in false }
    ) async throws -> String {
        let done = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: String.self)
        _ = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .connectTimeout(.seconds(5))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let tls {
                        try channel.pipeline.syncOperations.addHandler(
                            TLSHandler.client(context: tls, serverName: "127.0.0.1"))
                    }
                    try channel.pipeline.syncOperations.addHandler(Collector(text, isEnough: isEnough, done: done))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return try await done.futureResult.get()
    }

    /// One request on its own connection.
    static func request(
        port: Int, _ method: String, _ target: String, headers: String = "", body: String = "",
        tls: TLSContext? = nil
    ) async throws -> (status: Int, head: String, body: String) {
        let length = body.isEmpty ? "" : "Content-Length: \(body.utf8.count)\r\n"
        let answer = try await exchange(
            port: port,
            "\(method) \(target) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\(headers)\(length)\r\n\(body)",
            tls: tls)
        let parts = answer.components(separatedBy: "\r\n\r\n")
        return (
            HTTP1Harness.statuses(answer).first ?? 0, parts.first ?? "", parts.dropFirst().joined(separator: "\r\n\r\n")
        )
    }

    func review(_ token: String) async throws -> String {
        try await Self.request(
            port: port, "POST", "/authenticate", headers: "Content-Type: application/json\r\n",
            body: TestReviews.body(token)
        ).body
    }

    private final class Collector: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let request: String
        private let isEnough: @Sendable (String) -> Bool
        private let done: EventLoopPromise<String>
        private var text = ""

        init(_ request: String, isEnough: @escaping @Sendable (String) -> Bool, done: EventLoopPromise<String>) {
            self.request = request
            self.isEnough = isEnough
            self.done = done
        }

        /// On the event loop, so that a busy machine cannot delay the request after the connection.
        func channelActive(context: ChannelHandlerContext) {
            if !request.isEmpty { context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil) }
            context.fireChannelActive()
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
            if isEnough(text) { context.close(promise: nil) }
        }

        func channelInactive(context: ChannelHandlerContext) { done.succeed(text) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
