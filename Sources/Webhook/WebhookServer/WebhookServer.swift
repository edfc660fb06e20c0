import Addresses
public import Authentication
public import EntraTokens
public import LineLogging
public import Logging
import NIOConcurrencyHelpers
public import NIOCore
import NIOOpenSSL
import NIOPosix
public import OpenSSL
public import Prometheus
public import Timestamps

/// The webhook: token reviews over TLS, and a plain listener for operations.
///
/// Settings and keys are pushed to it; each event loop holds its own reference, so that answering takes no lock.
public final class WebhookServer: Sendable {
    /// What one event loop owns.
    struct Worker {
        let state: EventLoopContext
        let engine: ReviewEngine
        let log: DecisionLog
    }

    private struct Lifecycle {
        var webhook: (any Channel)?
        var operations: (any Channel)?
        var isDraining = false
        /// The webhook's socket belongs to somebody who keeps it open.
        var isSocketKept = false
    }

    /// As they were at the start: addresses and event loops.
    let options: ServerOptions
    let ledger: ConnectionLimiter
    let metrics: ServerMetrics
    let group: MultiThreadedEventLoopGroup
    private let operationsGroup: MultiThreadedEventLoopGroup
    let workers: [NIOLoopBoundBox<UnsafeTransfer<Worker>>]
    let workerIndexes: [ObjectIdentifier: Int]
    private let readiness: [HealthCheck]
    let registry: PrometheusRegistry?
    let status: (@Sendable () -> StatusInfo)?
    let clock: @Sendable () -> Timestamp
    let started: Timestamp
    private let lifecycle = NIOLockedValueBox(Lifecycle())
    // Read twice a connection.
    let admission: NIOLockedValueBox<Admission>

    /// Sets a server up; ``start()`` makes it listen.
    ///
    /// - Parameters:
    ///   - tls: the server's certificate and whom it trusts. Nil leaves TLS away, which is for tests.
    ///   - registry: what `/metrics` shows; `metrics` should count there.
    ///   - readiness: checks of `/readyz` beside the server's own.
    ///   - audit: takes accepted and refused decisions as JSON lines.
    ///   - configurationSHA256: tells in the audit lines which configuration the authenticator is of.
    ///   - status: what `/statusz` tells beside the server's figures; without it there is no such page.
    public init(
        options: ServerOptions,
        tls context: TLSContext?,
        authenticator: Authenticator,
        keys: KeySnapshot,
        services: ReviewServices,
        metrics: ServerMetrics,
        registry: PrometheusRegistry?,
        readiness: [HealthCheck],
        logger: Logger,
        audit: LineWriter? = nil,
        configurationSHA256: String? = nil,
        status: (@Sendable () -> StatusInfo)? = nil,
        clock: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.options = options
        self.metrics = metrics
        self.registry = registry
        self.readiness = readiness
        self.status = status
        self.clock = clock
        started = clock()
        admission = NIOLockedValueBox(
            Admission(
                tls: context, handshakeTimeout: options.limits.handshakeTimeout,
                allowedClientNames: ClientNames(options.allowedClientNames)))
        let ledger = ConnectionLimiter(limits: options.limits)
        self.ledger = ledger
        group = MultiThreadedEventLoopGroup(numberOfThreads: options.eventLoops)
        operationsGroup = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let replays = ReplayCache()
        let cache = DecisionCache(options.cacheLimits)
        let rejections = RejectionLog(logger: logger, clock: clock)
        var workers: [NIOLoopBoundBox<UnsafeTransfer<Worker>>] = []
        var indexes: [ObjectIdentifier: Int] = [:]
        for eventLoop in group.makeIterator() {
            indexes[ObjectIdentifier(eventLoop)] = workers.count
            let log = DecisionLog(
                logger: logger, metrics: metrics, audit: audit, configurationSHA256: configurationSHA256)
            let engine = ReviewEngine(
                eventLoop: eventLoop, options: options, authenticator: authenticator, keys: keys,
                services: services, replays: replays, metrics: metrics, log: log, cache: cache, clock: clock)
            let state = EventLoopContext(
                eventLoop: eventLoop, limits: options.limits, ledger: ledger, metrics: metrics, rejections: rejections,
                review: engine.review)
            state.reviewAccess = engine.reviewAccess
            state.onSecond = {
                log.secondPassed()
                engine.secondPassed()
            }
            // Nothing else refers to these three yet, so that they may move to their loop.
            let worker = UnsafeTransfer(value: Worker(state: state, engine: engine, log: log))
            workers.append(.makeBoxSendingValue(worker, eventLoop: eventLoop))
        }
        self.workers = workers
        workerIndexes = indexes
    }

    /// Where the webhook listens, with the port that was chosen; nil before ``start()``.
    public var webhookAddress: SocketAddress? { lifecycle.withLockedValue { $0.webhook?.localAddress } }
    /// Where the operations listener is; nil before ``start()``.
    public var operationsAddress: SocketAddress? { lifecycle.withLockedValue { $0.operations?.localAddress } }
    public var isDraining: Bool { lifecycle.withLockedValue { $0.isDraining } }

    /// Listens. Throws when an address cannot be had.
    ///
    /// - Parameters:
    ///   - sockets: listened on in place of the configured addresses. Connections that nobody has accepted stay in
    ///     them when this server ends, for the next one.
    ///   - sharesPorts: whether another process of the same user may listen on the same addresses at the same time
    ///     (`SO_REUSEPORT`), such as one that takes over from this one.
    public func start(on sockets: ListeningSockets = ListeningSockets(), sharesPorts: Bool = false) async throws {
        FileDescriptors.allow(options.limits.fileDescriptors)
        for worker in workers { worker.execute { $0.state.startSweeping() } }
        let webhook: any Channel
        do {
            webhook = try await bootstrap(sharesPorts: sharesPorts).listen(sockets.webhook, or: options.listen)
        } catch {
            throw ListenFailure(isOperations: false, cause: error)
        }
        lifecycle.withLockedValue {
            $0.webhook = webhook
            $0.isSocketKept = sockets.webhook != nil
        }
        guard let address = options.operations else { return }
        let routes = OperationsRoutes(
            registry: registry, readiness: readiness + [drainCheck], eventLoops: Array(group.makeIterator()),
            statusPage: statusPage)
        do {
            let operations = try await OperationsListener.bootstrap(
                operationsGroup, routes: routes, sharesPorts: sharesPorts
            ).listen(sockets.operations, or: address)
            lifecycle.withLockedValue { $0.operations = operations }
        } catch {
            try? await webhook.close()
            throw ListenFailure(isOperations: true, cause: error)
        }
    }

    /// Ends when every event loop has taken work; never while one of them hangs.
    public func passThroughLoops(for eventLoop: any EventLoop) -> EventLoopFuture<Void> {
        .andAllSucceed(workers.map { $0.eventLoop.submit {} }, on: eventLoop)
    }

    var readinessLines: [HealthReport.Line] {
        (readiness + [drainCheck]).filter { $0.isShown() }.map(\.line)
    }

    private var drainCheck: HealthCheck {
        HealthCheck(name: "shutdown") { [weak self] in
            self?.isDraining == false ? nil : "the server is shutting down"
        }
    }

    // MARK: Changes

    /// From now on decisions follow these settings.
    ///
    /// - Parameter configurationSHA256: nil when they are still of the configuration before.
    public func update(authenticator: Authenticator, configurationSHA256: String? = nil) {
        for worker in workers {
            worker.execute { worker in
                worker.engine.update(authenticator)
                if let configurationSHA256 { worker.log.update(configurationSHA256: configurationSHA256) }
            }
        }
    }

    /// From now on signatures are checked with these keys.
    ///
    /// A future that is fulfilled after this call reaches an event loop after the keys did.
    public func update(keys: KeySnapshot) {
        for worker in workers { worker.execute { $0.engine.update(keys) } }
    }

    /// From now on decisions know what the directories said about watched principals.
    ///
    /// A future that is fulfilled after this call reaches an event loop after the facts did.
    public func update(watch: WatchFacts) {
        for worker in workers { worker.execute { $0.engine.update(watch) } }
    }

    /// From now on decisions follow these settings and keys, which belong together: keys are known by the position of
    /// their tenant in the settings.
    public func update(authenticator: Authenticator, keys: KeySnapshot, configurationSHA256: String? = nil) {
        for worker in workers {
            worker.execute { worker in
                worker.engine.update(authenticator)
                worker.engine.update(keys)
                if let configurationSHA256 { worker.log.update(configurationSHA256: configurationSHA256) }
            }
        }
    }

    /// New connections use this from now on; those that are open end within that time, after their answers.
    public func update(tls context: TLSContext, retiringWithin time: Duration = .seconds(30)) {
        admission.withLockedValue { $0.tls = context }
        for worker in workers { worker.execute { $0.state.retireMembers(within: TimeAmount(time)) } }
    }

    /// Limits, cache and callers change from now on; addresses and event loops do not. When other callers are allowed
    /// than before, open connections end within seconds, after their answers.
    public func update(options: ServerOptions) {
        let areCallersOthers = admission.withLockedValue { admission in
            admission.handshakeTimeout = options.limits.handshakeTimeout
            let names = ClientNames(options.allowedClientNames)
            defer { admission.allowedClientNames = names }
            return admission.allowedClientNames != names
        }
        ledger.update(options.limits)
        FileDescriptors.allow(options.limits.fileDescriptors)
        for worker in workers {
            worker.execute { worker in
                worker.state.limits = options.limits
                worker.engine.update(options)
                if areCallersOthers { worker.state.retireMembers(within: .seconds(2)) }
            }
        }
    }

    /// Decisions are written down there from now on. The writer before may still be used for a moment.
    public func update(audit: LineWriter?) {
        for worker in workers { worker.execute { $0.log.update(audit: audit) } }
    }

    // MARK: The end

    /// Not ready any more; every connection is closed once it has its answers.
    public func beginDrain() {
        lifecycle.withLockedValue { $0.isDraining = true }
        for worker in workers { worker.execute { $0.state.drain() } }
    }

    /// Drains, and ends at the latest after that time.
    ///
    /// New connections are still served for a moment, while the rest of the world notices that this server goes; but
    /// those to a socket that outlives it wait there for the next server.
    public func stop(within limit: Duration = .seconds(20)) async {
        let end = ContinuousClock.now + limit
        let (webhook, operations, isKept) = lifecycle.withLockedValue { ($0.webhook, $0.operations, $0.isSocketKept) }
        if isKept { await stopListening(webhook) }
        beginDrain()
        if !isKept {
            await waitForConnections(until: min(end, ContinuousClock.now + min(.seconds(1), limit / 4)))
            await stopListening(webhook)
        }
        await waitForConnections(until: end)
        for worker in workers { worker.execute { $0.state.stopSweeping() } }
        try? await operations?.close()
        try? await group.shutdownGracefully()
        try? await operationsGroup.shutdownGracefully()
    }

    /// Takes no more connections out of the socket, sees those on their way to their event loop, and then closes it:
    /// SwiftNIO drops whatever is on its way when the listener is closed.
    private func stopListening(_ listener: (any Channel)?) async {
        guard let listener else { return }
        try? await listener.setOption(.autoRead, value: false).get()
        for worker in workers { try? await worker.eventLoop.submit {}.get() }
        try? await listener.eventLoop.submit {}.get()
        try? await listener.close()
    }

    private func waitForConnections(until end: ContinuousClock.Instant) async {
        while ledger.openConnections > 0, ContinuousClock.now < end {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// Hands a value that is not Sendable to the one event loop that will own it; the giver keeps no reference.
struct UnsafeTransfer<Value>: @unchecked Sendable {
    let value: Value
}

extension NIOLoopBoundBox where Value == UnsafeTransfer<WebhookServer.Worker> {
    func execute(_ work: @escaping @Sendable (WebhookServer.Worker) -> Void) {
        eventLoop.execute { work(self.value.value) }
    }
}
