import Authentication
public import Configuration
import DirectoryGroups
import Entra
import Files
import Glibc
public import LineLogging
public import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
public import OpenSSL
import Prometheus
import SigningKeys
import Timestamps
public import WebhookServer

/// Everything that `serve` runs: the server, the signing keys, and the tasks that keep them current.
public final class WebhookService: Sendable {
    struct Current {
        var served: ServedConfiguration
        var keys: SigningKeyStore
        var directories: [GUID: TenantDirectory]
        var denyVersions = FileVersions()
        /// Versions of the files whose changes cause a reload.
        var versions: FileVersions
        var audit: LineWriter?
        var isStopping = false
        var refused: FailedReload?
        /// The status that systemd shows.
        var reportedStatus = ""
    }

    private let version: String
    let logger: Logger
    let writer: LineWriter
    let logSettings: LogSettings
    /// From the command line; overrides the configuration.
    let logLevel: Logger.Level?
    let metrics: ServerMetrics
    let registry: PrometheusRegistry
    let server: WebhookServer
    /// Runs fetches, timers and file checks, separately from the event loops that answer reviews.
    let background: MultiThreadedEventLoopGroup
    let watchLoop: WatchLoop
    let current: NIOLockedValueBox<Current>
    /// Passes the facts of a tenant's watch to every event loop.
    let publishWatch: @Sendable (GUID, WatchFacts.Tenant?) -> Void
    let systemd = SystemdNotifier()
    let displayNames: DisplayNames
    /// The server settings at the start of the process; some of them can change only with a restart.
    let started: ServerSettings

    /// Time after which the start is over, and memory that only it needed is released.
    private static let timeToSettle = TimeAmount.milliseconds(200)
    /// Time between two checks of files.
    private static let pollInterval = TimeAmount.seconds(1)
    /// Time for which a changed file must not change again before it is read.
    static let timeToFinishFile = TimeAmount.milliseconds(700)
    /// How many changes that give more access are logged at one reload; the others are only counted.
    static let maximumGainLines = 20
    /// Time between two checks of the audit file, so that a removed file exists again within a second.
    private static let auditInterval = TimeAmount.milliseconds(500)

    /// - Parameters:
    ///   - servable: the configuration, with everything that it names.
    ///   - audit: where decisions are written; nil if no file is configured.
    ///   - logLevel: from the command line; overrides the configuration.
    ///   - version: the program's version, for metrics, the log and the status page.
    ///   - fips: the provider of all cryptography; nil for the system's usual ones.
    ///   - log: where log lines go; nil for standard error.
    public init(
        _ servable: ServableConfiguration, audit: LineWriter?, logLevel: Logger.Level?, version: String,
        fips: FIPSProvider? = nil, log: LineWriter? = nil
    ) {
        self.version = version
        let (loaded, identity) = (servable.loaded, servable.identity)
        let served = ServedConfiguration(loaded: loaded, identity: identity, denyFiles: servable.denyFiles)
        let configuration = loaded.configuration
        let logSettings = LogSettings(configuration.logging, override: logLevel)
        self.logSettings = logSettings
        self.logLevel = logLevel
        let writer = log ?? LineWriter(descriptor: STDERR_FILENO)
        self.writer = writer
        let isForJournal = log == nil && JournalStream.isRead(from: STDERR_FILENO)
        logger = Logger(label: "kube-entra") { label in
            LineLogHandler(label: label, settings: logSettings, writer: writer, isForJournal: isForJournal)
        }
        let registry = PrometheusRegistry()
        self.registry = registry
        let metrics = ServerMetrics(
            factory: registry, version: version, fips: fips,
            tenantIDs: configuration.tenants.map(\.trust.tenantID.description))
        self.metrics = metrics
        let background = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.background = background
        let watchLoop = WatchLoop()
        self.watchLoop = watchLoop

        let displayNames = DisplayNames()
        self.displayNames = displayNames
        displayNames.refresh(from: configuration.names)
        let serverBox = NIOLockedValueBox<WebhookServer?>(nil)
        let keys = KeySourceFactory.store(
            loaded, eventLoop: background.next(), logger: logger, metrics: metrics,
            onChange: { snapshot in serverBox.withLockedValue { $0 }?.update(keys: snapshot) })
        let watchBox = NIOLockedValueBox<[GUID: WatchFacts.Tenant]>([:])
        let publishWatch: @Sendable (GUID, WatchFacts.Tenant?) -> Void = { tenantID, tenant in
            let all = watchBox.withLockedValue { all in
                all[tenantID] = tenant
                return all
            }
            serverBox.withLockedValue { $0 }?.update(watch: WatchFacts(all))
        }
        self.publishWatch = publishWatch
        let current = NIOLockedValueBox(
            Current(
                served: served, keys: keys,
                directories: DirectoryFactory.directories(
                    configuration, eventLoop: background.next(), watchLoop: watchLoop, logger: logger,
                    metrics: metrics, publish: publishWatch),
                // Their versions before the read are unknown, so they are read once more.
                denyVersions: FileVersions(), versions: FileVersions(served.state.paths), audit: audit))
        self.current = current
        server = WebhookServer(
            options: ServerOptions(configuration),
            tls: identity.context,
            basis: ReviewBasis(
                authenticator: served.authenticator, keys: keys.snapshot(),
                configurationSHA256: loaded.contentSHA256),
            services: ReviewServices(of: current),
            records: ServerRecords(metrics: metrics, logger: logger, audit: audit),
            operations: OperationsContent(
                registry: registry, readiness: HealthCheck.all(of: current),
                status: {
                    let now = current.withLockedValue { $0 }
                    return StatusInfo(
                        now.served, version: version, fips: fips, keys: now.keys.status(),
                        watches: now.directories.values.compactMap { $0.watch?.status }, refused: now.refused,
                        names: displayNames.remarks)
                }))
        started = configuration.server
        let server = server
        serverBox.withLockedValue { $0 = server }
        metrics.setConfigLastSuccess(.now())
        recordExpiry(identity)
        recordDenied()
    }

    /// Listens, and starts to fetch keys.
    ///
    /// - Throws: `ListenFailure` if an address is unavailable.
    public func start(on sockets: ListeningSockets = ListeningSockets(), sharesPorts: Bool = false) async throws {
        try await server.start(on: sockets, sharesPorts: sharesPorts)
        current.withLockedValue { $0.keys }.start()
        let listen = server.webhookAddress.map { "\($0.ipAddress ?? ""):\($0.port ?? 0)" } ?? ""
        let operations = server.operationsAddress.map { "\($0.ipAddress ?? ""):\($0.port ?? 0)" } ?? ""
        logger.notice(
            "listening",
            metadata: ["webhook": "\(listen)", "operations": "\(operations)", "version": "\(version)"])
        if sockets.webhook != nil { logger.info("the webhook's socket is systemd's, and stays open over a restart") }
        if current.withLockedValue({ $0.served.loaded.configuration.server.insecureAllowAnyClient }) {
            logger.warning("anybody may ask: insecureAllowAnyClient is set")
        }
        tellReady()
        let eventLoop = background.next()
        eventLoop.scheduleTask(in: Self.timeToSettle) {
            // What only the start needed.
            ProgramFile.releaseHead()
            FreedMemory.giveBack()
        }
        eventLoop.scheduleRepeatedTask(initialDelay: Self.pollInterval, delay: Self.pollInterval) { _ in self.poll() }
        eventLoop.scheduleRepeatedTask(initialDelay: Self.auditInterval, delay: Self.auditInterval) { _ in
            self.current.withLockedValue { $0.audit }?.replaceIfRemoved()
        }
        eventLoop.scheduleRepeatedTask(initialDelay: .hours(24), delay: .hours(24)) { _ in
            self.recordExpiry(self.current.withLockedValue { $0.served.identity })
        }
        if let interval = systemd.watchdogInterval {
            eventLoop.scheduleRepeatedTask(initialDelay: .zero, delay: TimeAmount(interval / 3)) { _ in
                // An event loop that hangs answers nobody, and only a restart helps.
                self.server.passThroughLoops(for: eventLoop).whenSuccess { self.systemd.alive() }
            }
        }
    }

    /// Finishes open requests, then ends.
    public func stop() async {
        current.withLockedValue { $0.isStopping = true }
        systemd.stopping()
        logger.notice("ending: finishing what was asked")
        await server.stop(within: .seconds(20))
        current.withLockedValue { $0.keys }.stop()
        logger.notice("ended")
        current.withLockedValue { $0.audit }?.flush()
        writer.flush()
    }

    /// Ends without waiting for anything.
    public func endNow() {
        logger.warning("ended at once by a second signal")
        writer.flush()
        WebhookService.leave(1)
    }

    /// Ends the process at once. `exit` would let OpenSSL clean up while threads still fetch keys or groups, and could
    /// crash.
    public static func leave(_ status: Int32) -> Never {
        _exit(status)
    }

    // MARK: systemd

    func tellReady() {
        systemd.ready()
        tellSystemdStatus()
    }

    /// Updates what `systemctl status` shows, if that has changed.
    func tellSystemdStatus() {
        guard systemd.isListening else { return }
        let keys = current.withLockedValue { $0.keys }
        let status = KeySourceFactory.serviceStatus(keys.status(), now: .now())
        let isOther = current.withLockedValue { current in
            defer { current.reportedStatus = status }
            return current.reportedStatus != status
        }
        if isOther { systemd.tell(status: status) }
    }
}
