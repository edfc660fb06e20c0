import Addresses
public import Authentication
public import EntraTokens
public import LineLogging
import Logging
import NIOConcurrencyHelpers
public import NIOCore
import NIOOpenSSL
import NIOPosix
public import OpenSSL
import Prometheus
public import Timestamps

/// The webhook: token reviews over TLS, and a plain listener for operations.
///
/// Settings and keys are pushed to it. Each event loop holds its own reference, so that answering takes no lock.
public final class WebhookServer: Sendable {
    /// The objects of one event loop.
    struct Worker {
        let state: EventLoopContext
        let engine: ReviewEngine
        let log: DecisionLog
    }

    private struct Lifecycle {
        var webhook: (any Channel)?
        var operations: (any Channel)?
        var isDraining = false
        /// The webhook's socket belongs to a parent process that keeps it open.
        var isSocketKept = false
    }

    /// The addresses and event loops of the start.
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
    // Read twice for each connection.
    let admission: NIOLockedValueBox<Admission>

    /// Sets up a server; ``start(on:sharesPorts:)`` makes it listen.
    ///
    /// - Parameters:
    ///   - tls: the server's certificate and the trusted client authorities. Nil disables TLS, for tests.
    ///   - basis: what the first reviews are decided with.
    ///   - services: how missing keys and groups are fetched.
    public init(
        options: ServerOptions,
        tls context: TLSContext?,
        basis: ReviewBasis,
        services: ReviewServices,
        records: ServerRecords,
        operations: OperationsContent,
        clock: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.options = options
        metrics = records.metrics
        registry = operations.registry
        readiness = operations.readiness
        status = operations.status
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
        let memory = ReviewMemory(options)
        let rejections = RejectionLog(logger: records.logger, clock: clock)
        let auditLimit = AuditLimit(clock: clock)
        var workers: [NIOLoopBoundBox<UnsafeTransfer<Worker>>] = []
        var indexes: [ObjectIdentifier: Int] = [:]
        for eventLoop in group.makeIterator() {
            indexes[ObjectIdentifier(eventLoop)] = workers.count
            let log = DecisionLog(
                logger: records.logger, metrics: records.metrics, audit: records.audit, auditLimit: auditLimit,
                configurationSHA256: basis.configurationSHA256)
            let engine = ReviewEngine(
                turns: FairScheduler(eventLoop: eventLoop), options: options, basis: basis, services: services,
                memory: memory, metrics: records.metrics, log: log, clock: clock)
            let state = EventLoopContext(
                eventLoop: eventLoop, limits: options.limits, ledger: ledger, metrics: records.metrics,
                rejections: rejections,
                reviewer: engine)
            let collector = workers.isEmpty ? operationsGroup.next() : nil
            state.onSecond = {
                log.secondPassed()
                engine.secondPassed()
                if let collector, FreedMemory.ofConnections.hasSettled() {
                    collector.execute { FreedMemory.giveBack() }
                }
            }
            // Nothing else refers to these three yet, so they may move to their event loop.
            let worker = UnsafeTransfer(value: Worker(state: state, engine: engine, log: log))
            workers.append(.makeBoxSendingValue(worker, eventLoop: eventLoop))
        }
        self.workers = workers
        workerIndexes = indexes
    }

    /// The address of the webhook, with the actual port; nil before the start.
    public var webhookAddress: SocketAddress? { lifecycle.withLockedValue { $0.webhook?.localAddress } }
    /// The address of the operations listener, with the actual port; nil before the start.
    public var operationsAddress: SocketAddress? { lifecycle.withLockedValue { $0.operations?.localAddress } }
    /// Whether the server is ending, so that it is no longer ready.
    public var isDraining: Bool { lifecycle.withLockedValue { $0.isDraining } }

    /// Starts listening.
    ///
    /// - Parameters:
    ///   - sockets: replace the configured addresses. Connections that nobody has accepted stay in them for the next
    ///     server when this one ends.
    ///   - sharesPorts: whether another process of the same user may listen on the same addresses at the same time
    ///     (`SO_REUSEPORT`), such as one that takes over from this one.
    /// - Throws: ``ListenFailure`` if an address is unavailable.
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

    /// Completes when every event loop has run a task; never while one of them hangs.
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

    /// Uses these settings for decisions from now on.
    ///
    /// - Parameter configurationSHA256: nil if the configuration is still the same.
    public func update(authenticator: Authenticator, configurationSHA256: String? = nil) {
        for worker in workers {
            worker.execute { worker in
                worker.engine.update(authenticator)
                if let configurationSHA256 { worker.log.update(configurationSHA256: configurationSHA256) }
            }
        }
    }

    /// Uses these keys to verify signatures from now on.
    ///
    /// A future that completes after this call reaches an event loop after the keys do.
    public func update(keys: KeySnapshot) {
        for worker in workers { worker.execute { $0.engine.update(keys) } }
    }

    /// Uses these facts about watched principals from now on.
    ///
    /// A future that completes after this call reaches an event loop after the facts do.
    public func update(watch: WatchFacts) {
        for worker in workers { worker.execute { $0.engine.update(watch) } }
    }

    /// Uses these settings and keys together from now on, so that no decision mixes old and new ones.
    public func update(authenticator: Authenticator, keys: KeySnapshot, configurationSHA256: String? = nil) {
        for worker in workers {
            worker.execute { worker in
                worker.engine.update(authenticator)
                worker.engine.update(keys)
                if let configurationSHA256 { worker.log.update(configurationSHA256: configurationSHA256) }
            }
        }
    }

    /// Uses this context for new connections. Open connections end within that time, after their answers.
    public func update(tls context: TLSContext, retiringWithin time: Duration = .seconds(30)) {
        admission.withLockedValue { $0.tls = context }
        for worker in workers { worker.execute { $0.state.retireMembers(within: TimeAmount(time)) } }
    }

    /// Changes limits, cache and allowed callers; addresses and event loops stay. If the allowed callers change, open
    /// connections end within seconds, after their answers.
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

    /// Writes decisions to this file from now on; nil for none. The previous writer may still be used for a moment.
    public func update(audit: LineWriter?) {
        for worker in workers { worker.execute { $0.log.update(audit: audit) } }
    }

    // MARK: The end

    /// Makes the server no longer ready, and closes every connection after its answers.
    public func beginDrain() {
        lifecycle.withLockedValue { $0.isDraining = true }
        for worker in workers { worker.execute { $0.state.drain() } }
    }

    /// Drains, and ends after that time at the latest.
    ///
    /// New connections are still served for a moment, until load balancers notice the end of this server. Connections
    /// to a socket that outlives it wait there for the next server.
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
        for worker in workers {
            worker.execute { worker in
                worker.state.stopSweeping()
                worker.log.finish()
            }
        }
        try? await operations?.close()
        try? await group.shutdownGracefully()
        try? await operationsGroup.shutdownGracefully()
    }

    /// Accepts no more connections, waits until those just accepted have reached their event loop, and then closes the
    /// socket: SwiftNIO drops connections in between when a listener is closed.
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

/// Passes a value that is not Sendable to the one event loop that will own it. The sender keeps no reference.
struct UnsafeTransfer<Value>: @unchecked Sendable {
    let value: Value
}

extension NIOLoopBoundBox where Value == UnsafeTransfer<WebhookServer.Worker> {
    func execute(_ work: @escaping @Sendable (WebhookServer.Worker) -> Void) {
        eventLoop.execute { work(self.value.value) }
    }
}
