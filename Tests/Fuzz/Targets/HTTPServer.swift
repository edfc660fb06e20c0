import Addresses
import Authentication
import Entra
import EntraTokens
import Glibc
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import NIOOpenSSL
import OpenSSL
import Prometheus
import SafeText
import TestSupport
import Timestamps

@testable import WebhookServer

/// The server's side of one connection, from the first byte to the answer, without a socket.
final class HTTPServer {
    static let limits: ServerLimits = {
        var limits = ServerLimits()
        limits.bodyBytes = 2048
        limits.headerBytes = 1024
        limits.streamsPerConnection = 8
        return limits
    }()

    let channel = EmbeddedChannel()
    private let ledger = ConnectionLimiter(limits: HTTPServer.limits)
    private let state: EventLoopContext
    private let time = ManualClock()
    private let fetches = Fetches()
    private let transport = Transport()

    /// Key refreshes in progress.
    private final class Fetches: Sendable {
        let promises = NIOLockedValueBox<[EventLoopPromise<Void>]>([])
    }

    /// The lowest handler, in place of the network.
    private final class Transport: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var context: ChannelHandlerContext?

        func handlerAdded(context: ChannelHandlerContext) { self.context = context }
        func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

        /// Ends the connection as a socket does.
        func end(with error: (any Error)?) {
            if let error { context?.fireErrorCaught(error) }
            context?.close(promise: nil)
        }
    }

    /// Objects that outlive a connection.
    struct Shared {
        let authenticator = FuzzTenant.authenticator()
        let keys: KeySnapshot
        let metrics = ServerMetrics(factory: PrometheusRegistry(), version: "0")
        let log: DecisionLog

        init() throws {
            keys = try FuzzTenant.keys.get()
            log = DecisionLog(logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }, metrics: metrics)
        }
    }

    private init(_ shared: Shared) {
        var options = ServerOptions(listen: ListenAddress(host: "127.0.0.1", port: 0))
        options.limits = HTTPServer.limits
        let services = ReviewServices(refreshKeys: { [fetches] _, eventLoop in
            let promise = eventLoop.makePromise(of: Void.self)
            fetches.promises.withLockedValue { $0.append(promise) }
            return promise.futureResult
        })
        let engine = ReviewEngine(
            turns: FairScheduler(eventLoop: channel.eventLoop), options: options,
            basis: ReviewBasis(authenticator: shared.authenticator, keys: shared.keys),
            services: services, memory: ReviewMemory(options), metrics: shared.metrics, log: shared.log,
            clock: { FuzzTenant.now })
        state = EventLoopContext(
            eventLoop: channel.eventLoop, limits: HTTPServer.limits, ledger: ledger, metrics: shared.metrics,
            reviewer: engine, clock: { [time] in time.now })
    }

    /// After the handshake.
    convenience init(_ shared: Shared, isHTTP2: Bool) throws {
        self.init(shared)
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        try ConnectionSetup.configure(channel, state: state, isHTTP2: isHTTP2, caller: .unknown)
        channel.pipeline.fireChannelActive()
    }

    /// Before the handshake.
    convenience init(_ shared: Shared, context: TLSContext) throws {
        self.init(shared)
        try channel.pipeline.syncOperations.addHandler(transport)
        let account = ConnectionAccount(channel, from: .other, ledger: ledger, metrics: shared.metrics)
        let admission = Admission(
            tls: context, handshakeTimeout: .seconds(10), allowedClientNames: ClientNames(["kube-apiserver"]))
        try channel.pipeline.syncOperations.addHandler(
            ConnectionSetup(state: state, account: account, admission: { admission }))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    }

    /// Delivers bytes like a channel with automatic reading.
    func deliver(_ bytes: some Collection<UInt8>) {
        guard channel.isActive, !bytes.isEmpty else { return }
        channel.read()
        channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes))
        channel.pipeline.fireChannelReadComplete()
        channel.embeddedEventLoop.run()
    }

    /// The client's host has reset the connection.
    func reset() { transport.end(with: IOError(errnoCode: ECONNRESET, reason: "read")) }

    /// The client ends the connection without close_notify.
    func endOfFile() { transport.end(with: nil) }

    /// Delivers keys for waiting reviews, and again for those that start to wait then.
    func endFetches() {
        while let promise = fetches.promises.withLockedValue({ $0.popLast() }) {
            promise.succeed()
            // Woken reviews take turns.
            channel.embeddedEventLoop.advanceTime(by: .seconds(1))
        }
    }

    func takeOutput() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let part = try channel.readOutbound(as: ByteBuffer.self) {
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }

    /// Lets every deadline pass. The connection must then end by itself and leave nothing behind.
    func finish() throws -> [UInt8] {
        for _ in 0..<8 where channel.isActive {
            time.advance(by: .seconds(130))
            state.tick()
            channel.embeddedEventLoop.advanceTime(by: .seconds(130))
        }
        require(!channel.isActive, "a connection that does nothing ends by itself")
        endFetches()
        // Waiting reviews have a deadline, which passes too.
        channel.embeddedEventLoop.advanceTime(by: .seconds(130))
        let rest = try takeOutput()
        _ = try? channel.finish(acceptAlreadyClosed: true)
        require(ledger.bytesInFlight == 0, "no bytes are in flight when there is no connection")
        require(
            ledger.reserve(bytes: HTTPServer.limits.bytesInFlight / 8, for: .accessReviews),
            "no bytes of access reviews are in flight either")
        require(state.memberCount == 0, "nothing waits for a deadline when there is no connection")
        return rest
    }
}
