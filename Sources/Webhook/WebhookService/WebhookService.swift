internal import Authentication
public import Configuration
internal import DirectoryGroups
internal import Entra
internal import Files
internal import Glibc
public import LineLogging
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
public import OpenSSL
internal import Prometheus
internal import SigningKeys
internal import Timestamps
public import WebhookServer

/// Everything that `serve` runs: the server, the signing keys, and the tasks that keep them current.
public final class WebhookService: Sendable {
    struct Current {
        var loaded: LoadedConfiguration
        var identity: ServerIdentity
        var keys: SigningKeyStore
        var directories: [GUID: TenantDirectory]
        /// Denied entries in addition to those of the configuration itself.
        var denyFiles: DenyFiles
        var denyStamps: [String: FileVersion?]
        /// Versions of the files whose changes cause a reload.
        var stamps: [String: FileVersion?]
        var audit: LineWriter?
        var isStopping = false
        var refused: FailedReload?
        /// The status that systemd shows.
        var toldStatus = ""
    }

    private let version: String
    let logger: Logger
    private let writer: LineWriter
    private let logSettings: LogSettings
    /// From the command line; overrides the configuration.
    private let logLevel: Configuration.LogLevel?
    let metrics: ServerMetrics
    let server: WebhookServer
    /// Runs fetches, timers and file checks, separately from the event loops that answer reviews.
    private let background: MultiThreadedEventLoopGroup
    let current: NIOLockedValueBox<Current>
    /// Passes the facts of a tenant's watch to every event loop.
    private let publishWatch: @Sendable (GUID, WatchFacts.Tenant?) -> Void
    private let systemd = SystemdNotifier()
    private let displayNames: DisplayNames
    /// The addresses of the start, until the end.
    private let bound: ServerSettings

    /// Time between two checks of files.
    private static let pollInterval = TimeAmount.seconds(1)
    /// Time between two checks of the audit file, so that a removed file exists again within a second.
    private static let auditInterval = TimeAmount.milliseconds(500)

    /// - Parameters:
    ///   - audit: where decisions are written; nil if no file is configured.
    ///   - logLevel: from the command line; overrides the configuration.
    ///   - version: the program's version, for metrics, the log and the status page.
    ///   - fips: the provider of all cryptography; nil for the system's usual ones.
    public init(
        loaded: LoadedConfiguration, identity: ServerIdentity, denyFiles: DenyFiles, audit: LineWriter?,
        logLevel: Configuration.LogLevel?,
        version: String, fips: FIPSProvider? = nil
    ) {
        self.version = version
        let configuration = loaded.configuration
        let logSettings = LogSettings(configuration.logging, override: logLevel)
        self.logSettings = logSettings
        self.logLevel = logLevel
        let writer = LineWriter(descriptor: STDERR_FILENO)
        self.writer = writer
        let isForJournal = JournalStream.isRead(from: STDERR_FILENO)
        logger = Logger(label: "kube-entra") { label in
            LineLogHandler(label: label, settings: logSettings, writer: writer, isForJournal: isForJournal)
        }
        let registry = PrometheusRegistry()
        let metrics = ServerMetrics(
            factory: registry, version: version, fips: fips,
            tenantIDs: configuration.tenants.map(\.trust.tenantID.description))
        self.metrics = metrics
        let background = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        self.background = background

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
                loaded: loaded, identity: identity, keys: keys,
                directories: DirectoryFactory.directories(
                    configuration, eventLoop: background.next(), logger: logger, metrics: metrics,
                    publish: publishWatch),
                denyFiles: denyFiles,
                // Their versions before the read are unknown, so they are read once more.
                denyStamps: [:],
                stamps: WebhookService.stamps(WebhookService.paths(loaded)), audit: audit))
        self.current = current
        server = WebhookServer(
            options: ServerOptions(configuration),
            tls: identity.context,
            authenticator: Authenticator(denyFiles.applied(to: configuration).authentication),
            keys: keys.snapshot(),
            services: ReviewServices(
                refreshKeys: { tenant, eventLoop in
                    current.withLockedValue { $0.keys }.refreshForUnknownKey(tenant: tenant, on: eventLoop)
                },
                resolveGroups: { principal, eventLoop in
                    guard let directory = current.withLockedValue({ $0.directories[principal.tenantID] }) else {
                        return eventLoop.makeSucceededFuture(nil)
                    }
                    return directory.resolver.resolve(principal, on: eventLoop)
                },
                firstAnswer: { interest, deadline, eventLoop in
                    guard let watch = current.withLockedValue({ $0.directories[interest.tenantID]?.watch }) else {
                        return eventLoop.makeSucceededVoidFuture()
                    }
                    return watch.firstAnswer(interest, deadline: deadline, on: eventLoop)
                },
                keepWatching: { interest in
                    current.withLockedValue { $0.directories[interest.tenantID]?.watch }?.remember(interest)
                }),
            metrics: metrics,
            registry: registry,
            readiness: [
                // The service stays ready, because the last good configuration is active.
                HealthCheck(name: "configuration", note: { current.withLockedValue { $0.refused }?.description }) {
                    nil
                },
                HealthCheck(
                    name: "denied-list", note: { current.withLockedValue { $0.denyFiles.problemDescription } },
                    isShown: { !DenyFiles.paths(current.withLockedValue { $0.loaded.configuration }).isEmpty }
                ) {
                    nil
                },
                HealthCheck(name: "signing-keys") {
                    KeySourceFactory.readinessFailure(current.withLockedValue { $0.keys }.status(), now: .now())
                },
            ],
            logger: logger,
            audit: audit,
            configurationSHA256: loaded.contentSHA256,
            status: {
                let now = current.withLockedValue { $0 }
                return StatusInfo(
                    now.loaded, version: version, fips: fips, identity: now.identity, keys: now.keys.status(),
                    denied: now.denyFiles,
                    watches: now.directories.values.compactMap { $0.watch?.status },
                    refused: now.refused, names: displayNames.remarks)
            })
        bound = configuration.server
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
        if current.withLockedValue({ $0.loaded.configuration.server.insecureAllowAnyClient }) {
            logger.warning("anybody may ask: insecureAllowAnyClient is set")
        }
        tellReady()
        let eventLoop = background.next()
        eventLoop.scheduleRepeatedTask(initialDelay: Self.pollInterval, delay: Self.pollInterval) { _ in self.poll() }
        eventLoop.scheduleRepeatedTask(initialDelay: Self.auditInterval, delay: Self.auditInterval) { _ in
            self.current.withLockedValue { $0.audit }?.replaceIfRemoved()
        }
        eventLoop.scheduleRepeatedTask(initialDelay: .hours(24), delay: .hours(24)) { _ in
            self.recordExpiry(self.current.withLockedValue { $0.identity })
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

    // MARK: Reload

    /// Reads configuration, certificates and key files again, and reopens the audit file.
    public func reloadNow() {
        // Log rotation sends this signal too.
        current.withLockedValue { $0.audit }?.reopen()
        background.next().execute {
            self.logger.notice("SIGHUP: reading configuration, certificates and key files again")
            self.reloadDenyFiles()
            self.reload()
            self.current.withLockedValue { $0.keys }.reloadFiles()
        }
    }

    private func poll() {
        let (before, isStopping) = current.withLockedValue { ($0.stamps, $0.isStopping) }
        if !isStopping {
            pollDenyFiles()
            recordWatch()
            displayNames.refresh(from: current.withLockedValue { $0.loaded.configuration.names })
        }
        if !isStopping, WebhookService.stamps(before.keys) != before { reload() }
        if !isStopping, let status = newSystemdStatus() { systemd.tell(status: status) }
    }

    /// The new status for systemd; nil if it is unchanged.
    private func newSystemdStatus() -> String? {
        guard systemd.isListening else { return nil }
        let keys = current.withLockedValue { $0.keys }
        let status = KeySourceFactory.serviceStatus(keys.status(), now: .now())
        return current.withLockedValue { current in
            defer { current.toldStatus = status }
            return current.toldStatus == status ? nil : status
        }
    }

    private func tellReady() {
        systemd.ready()
        if let status = newSystemdStatus() { systemd.tell(status: status) }
    }

    /// Reads everything again. If a new version can't be loaded, the last good one stays active.
    private func reload() {
        systemd.reloading()
        defer { tellReady() }
        let before = current.withLockedValue { $0.loaded }
        // The versions before the read, so that a change during the read is noticed.
        let stamps = WebhookService.stamps(WebhookService.paths(before))
        do throws(ConfigurationError) {
            let denyFiles = current.withLockedValue { $0.denyFiles }
            let new = try ServableConfiguration.load(
                before.path, lastGood: denyFiles,
                knownKeyFiles: Set(before.configuration.tenants.compactMap(\.signingKeys.file)))
            watch(WebhookService.paths(new.loaded), asOf: stamps)
            try apply(new.loaded, identity: new.identity, denyFiles: new.denyFiles, before: before)
            metrics.recordConfigReload(.success)
            metrics.setConfigLastSuccess(.now())
            recordExpiry(new.identity)
            logger.notice(
                "configuration and certificates are in force",
                metadata: ["sha256": "\(new.loaded.contentSHA256.prefix(12))"])
        } catch {
            // The refused configuration may only lack a file that it names.
            let named =
                error.partial.map { WebhookService.paths($0).union(ServableConfiguration.neededPaths($0)) } ?? []
            watch(WebhookService.paths(before).union(named), asOf: stamps)
            let refused = FailedReload(error, at: .now())
            current.withLockedValue { $0.refused = refused }
            metrics.recordConfigReload(.failure)
            for problem in error.problems {
                logger.error("configuration refused, the last good one stays", metadata: ["problem": "\(problem)"])
            }
        }
    }

    private func recordWatch() {
        let (loaded, directories) = current.withLockedValue { ($0.loaded, $0.directories) }
        for tenant in loaded.configuration.tenants {
            let status = directories[tenant.trust.tenantID]?.watch?.status
            metrics.setWatched(
                tenant: tenant.trust.tenantID.description, principals: status?.principals ?? 0,
                oldestAnswer: status.map { $0.oldestAnswer ?? .now() })
        }
    }

    private func watch(_ paths: Set<String>, asOf earlier: [String: FileVersion?]) {
        let now = WebhookService.stamps(paths)
        current.withLockedValue { $0.stamps = now.merging(earlier.filter { paths.contains($0.key) }) { $1 } }
    }

    /// Activates a new configuration. Throws before anything has changed if that turns out to be impossible.
    private func apply(
        _ loaded: LoadedConfiguration,
        identity: ServerIdentity,
        denyFiles: DenyFiles,
        before: LoadedConfiguration
    ) throws(ConfigurationError) {
        let new = loaded.configuration
        let old = before.configuration
        try apply(new.logging, before: old.logging, loaded)
        let settings = denyFiles.applied(to: new).authentication
        let denied = current.withLockedValue { $0.denyFiles }
        let directoriesChange = old.tenants.map(DirectorySource.init) != new.tenants.map(DirectorySource.init)
        if directoriesChange {
            let directories = DirectoryFactory.directories(
                new, known: current.withLockedValue { $0.directories }, eventLoop: background.next(), logger: logger,
                metrics: metrics, publish: publishWatch)
            current.withLockedValue { $0.directories = directories }
        }
        if KeySourceFactory.needNewStore(old, new) {
            for tenant in new.tenants { metrics.register(tenant: tenant.trust.tenantID.description) }
            let server = server
            let previous = current.withLockedValue { $0.keys }
            let store = KeySourceFactory.store(
                loaded, eventLoop: background.next(), logger: logger, metrics: metrics,
                onChange: { server.update(keys: $0) })
            store.carryOver(from: previous)
            previous.stop()
            current.withLockedValue { $0.keys = store }
            // Key and cache files are read before the new rules are active, so that no token is checked without keys.
            store.start()
            server.update(
                authenticator: Authenticator(settings), keys: store.snapshot(),
                configurationSHA256: loaded.contentSHA256)
        } else if loaded.contentSHA256 != before.contentSHA256 || directoriesChange
            || !denyFiles.hasSameLists(as: denied)
        {
            // Not compared value by value, because `==` treats some different strings as equal. This also drops cached
            // decisions that depend on a directory whose settings change.
            server.update(
                authenticator: Authenticator(settings), configurationSHA256: loaded.contentSHA256)
        }
        // Old connections end when the certificate changes, so an unchanged one is left alone.
        let presented = current.withLockedValue { $0.identity }
        if presented.digest != identity.digest {
            // Callers that are no longer allowed are disconnected as soon as possible.
            let isOtherCA = presented.clientAuthorities.map(\.der) != identity.clientAuthorities.map(\.der)
            server.update(tls: identity.context, retiringWithin: isOtherCA ? .seconds(2) : .seconds(30))
        }
        let options = ServerOptions(new)
        if loaded.contentSHA256 != before.contentSHA256 { server.update(options: options) }
        let tenants = Set(new.tenants.map(\.trust.tenantID))
        for tenant in old.tenants where !tenants.contains(tenant.trust.tenantID) {
            metrics.forget(tenant: tenant.trust.tenantID.description)
        }
        for field in needingRestart(old.server, new.server) {
            logger.warning("this change takes effect only after a restart", metadata: ["field": "\(field)"])
        }
        current.withLockedValue { current in
            current.refused = nil
            current.loaded = loaded
            current.identity = identity
            current.denyFiles = denyFiles
            current.denyStamps = current.denyStamps.filter { DenyFiles.paths(new).contains($0.key) }
        }
        recordDenied()
    }

    private func apply(
        _ new: LoggingSettings,
        before old: LoggingSettings,
        _ loaded: LoadedConfiguration
    ) throws(ConfigurationError) {
        guard old != new else { return }
        if old.audit != new.audit {
            let audit = new.audit.flatMap { LineWriter(appendingTo: $0) }
            guard audit != nil || new.audit == nil else {
                throw ConfigurationError(problems: [AuditFile.refusal(loaded)], partial: loaded)
            }
            let previous = current.withLockedValue { current in
                defer { current.audit = audit }
                return current.audit
            }
            server.update(audit: audit)
            // Reviews in progress may still write there.
            if let previous { background.next().scheduleTask(in: .seconds(5)) { previous.close() } }
        }
        logSettings.update(new, override: logLevel)
    }

    /// Changed addresses, unless they changed back to the current ones.
    private func needingRestart(_ old: ServerSettings, _ new: ServerSettings) -> [String] {
        var fields: [String] = []
        if old.listen != new.listen, new.listen != bound.listen { fields.append("server.listen") }
        if old.operations != new.operations, new.operations != bound.operations { fields.append("server.operations") }
        return fields
    }

    private static func paths(_ loaded: LoadedConfiguration) -> Set<String> {
        Set([loaded.path] + ServerIdentity.paths(loaded.configuration.server))
    }

    static func stamps(_ paths: some Collection<String>) -> [String: FileVersion?] {
        Dictionary(paths.map { ($0, FileVersion(path: $0)) }, uniquingKeysWith: { first, _ in first })
    }

    private func recordExpiry(_ identity: ServerIdentity) {
        metrics.setCertificateExpiry(file: "server.certificate", identity.certificate.notAfter)
        let soonest = identity.clientAuthorities.map(\.notAfter).min()
        if let soonest { metrics.setCertificateExpiry(file: "server.clientCA", soonest) }
        let now = Timestamp.now()
        let month = now.adding(seconds: 30 * 86_400)
        for (field, time) in [("server.certificate", identity.certificate.notAfter), ("server.clientCA", soonest)] {
            guard let time, time < month else { continue }
            logger.warning(
                time < now ? "a certificate has expired" : "a certificate expires soon",
                metadata: ["field": "\(field)", "expires": "\(time.rfc3339)"])
        }
        let latest = identity.clientAuthorities.map(\.notBefore).max()
        for (field, time) in [("server.certificate", identity.certificate.notBefore), ("server.clientCA", latest)] {
            guard let time, now < time else { continue }
            logger.warning(
                "a certificate is not valid yet: compare this host's clock with the one of the host that made it",
                metadata: ["field": "\(field)", "validFrom": "\(time.rfc3339)"])
        }
    }

    /// A network error in words, for people.
    public static func sentence(_ error: any Error) -> String {
        guard let error = error as? IOError else { return "\(error)" }
        return switch error.errnoCode {
        case EADDRINUSE: "the address is in use\n→ `ss -ltnp` shows the program that has it"
        case EACCES, EPERM: "this user may not use the port\n→ take a port above 1023"
        case EADDRNOTAVAIL: "this host does not have the address"
        default: String(cString: strerror(error.errnoCode))
        }
    }
}
