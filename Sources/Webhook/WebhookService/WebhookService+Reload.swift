import Authentication
import Configuration
import DirectoryGroups
import Entra
import Files
import LineLogging
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import OpenSSL
import SafeText
import SigningKeys
import Timestamps
import WebhookServer

/// The active configuration, or one that was read to replace it.
struct ServedConfiguration: Sendable {
    var loaded: LoadedConfiguration
    var identity: ServerIdentity
    /// The deny files of the tenants, whose entries are added to those of the configuration itself.
    var denyFiles: DenyFiles

    /// Offline key files whose keys are in use.
    var keyFiles: Set<ExactText> {
        Set(loaded.configuration.tenants.compactMap { $0.signingKeys.file.map { ExactText($0) } })
    }

    /// Path of the audit file; nil if none is configured.
    var audit: ExactText? { loaded.configuration.logging.audit.map { ExactText($0) } }

    /// What a reload compares.
    var state: ReloadState {
        ReloadState(
            loaded: loaded, denyFiles: denyFiles, presented: identity.digest,
            clientAuthorities: identity.clientAuthorities.map(\.der))
    }

    /// What decisions depend on.
    var authenticator: Authenticator {
        Authenticator(denyFiles.applied(to: loaded.configuration).authentication)
    }
}

/// Reads files again when they change, and carries out each ``ReloadPlan``, all on the background loop.
extension WebhookService {
    /// Reads configuration, certificates, deny files and key files again, and opens the audit file again.
    public func reloadNow() {
        // Log rotation of the audit file uses this signal too.
        current.withLockedValue { $0.audit }?.reopen()
        background.next().execute {
            self.logger.notice("SIGHUP: reading configuration, certificates and key files again")
            self.reloadDenyFiles()
            self.reload()
            self.current.withLockedValue { $0.keys }.reloadFiles()
        }
    }

    /// Checks every watched file for changes.
    func poll() {
        let before = current.withLockedValue { $0 }
        guard !before.isStopping else { return }
        pollDenyFiles()
        recordWatch()
        displayNames.refresh(from: before.served.loaded.configuration.names)
        let versions = FileVersions(before.versions.paths)
        if versions != before.versions {
            background.next().scheduleTask(in: Self.timeToFinishFile) { self.reload(ifStill: versions) }
        }
        tellSystemdStatus()
    }

    /// Reads everything again if the files still have these versions. Otherwise somebody is still writing, and the next
    /// check tries again.
    ///
    /// YAML has no end mark: the first part of a file that is being written is often a valid configuration, without the
    /// restrictions further down.
    func reload(ifStill versions: FileVersions) {
        let current = current.withLockedValue { $0 }
        guard !current.isStopping, current.versions != versions, FileVersions(versions.paths) == versions else {
            return
        }
        reload()
    }

    /// Reads everything again. If the new version can't be loaded, the last good one stays active.
    func reload() {
        systemd.reloading()
        defer { tellReady() }
        let before = current.withLockedValue { $0.served }
        // Versions from before the files are read, so that a change during the read causes another reload.
        let versions = FileVersions(before.state.paths)
        let refused: ConfigurationError?
        do throws(ConfigurationError) {
            let new = try ServableConfiguration.load(
                before.loaded.path, lastGood: before.denyFiles,
                knownKeyFiles: before.keyFiles, knownAudit: before.audit)
            let next = ServedConfiguration(loaded: new.loaded, identity: new.identity, denyFiles: new.denyFiles)
            let plan = ReloadPlan(old: before.state, new: next.state, started: started)
            refused = carryOut(plan, from: before, to: next, versions: versions)
        } catch {
            refused = error
        }
        guard let refused else { return }
        let plan = ReloadPlan(old: before.state, refused: refused)
        _ = carryOut(plan, from: before, to: before, versions: versions)
    }

    /// Carries out a plan up to the first action that fails.
    ///
    /// - Parameter versions: of the files before they were read.
    /// - Returns: why the new configuration can't be used after all; nothing has changed then.
    func carryOut(
        _ plan: ReloadPlan, from old: ServedConfiguration, to new: ServedConfiguration,
        versions: FileVersions = FileVersions()
    ) -> ConfigurationError? {
        for action in plan.actions {
            switch action {
            case .openAudit(let path):
                guard openAudit(path) else {
                    return ConfigurationError(problems: [AuditFile.refusal(new.loaded)], partial: new.loaded)
                }
            case .setLogging(let settings): logSettings.update(settings, override: logLevel)
            case .replaceDirectories: replaceDirectories(new.loaded.configuration)
            case .replaceKeysAndRules(let tenants):
                for tenant in tenants { metrics.register(tenant: tenant.description) }
                replaceKeys(new)
            case .replaceRules:
                server.update(authenticator: new.authenticator, configurationSHA256: new.loaded.contentSHA256)
            case .replaceCertificate(let time): server.update(tls: new.identity.context, retiringWithin: time)
            case .setOptions: setOptions(new.loaded.configuration)
            case .forgetTenants(let tenants):
                for tenant in tenants { metrics.forget(tenant: tenant.description) }
            case .adopt: adopt(new)
            case .follow(let paths): follow(paths, asOf: versions)
            case .reportInForce: reportInForce(new, insteadOf: old)
            case .reportRefused(let error): reportRefused(error)
            case .reportRestartNeeded(let field):
                logger.warning("this change takes effect only after a restart", metadata: ["field": "\(field)"])
            case .reportDenyListInForce:
                logger.notice("the deny list is in force", metadata: ["entries": "\(entriesInForce)"])
            case .reportDenyListRefused(let path, let problem):
                logger.error(
                    "the deny list cannot be used, the last good one stays",
                    metadata: ["file": "\(path)", "problem": "\(problem)"])
                metrics.recordConfigReload(.failure)
            case .reportDenyListUsable(let path):
                logger.notice("the deny list can be used again", metadata: ["file": "\(path)"])
            }
        }
        return nil
    }

    // MARK: Actions

    /// False if the file cannot be opened; decisions are then written where they were before.
    private func openAudit(_ path: ExactText?) -> Bool {
        let audit = path.flatMap { LineWriter(appendingTo: $0.text) }
        guard audit != nil || path == nil else { return false }
        let previous = current.withLockedValue { current in
            defer { current.audit = audit }
            return current.audit
        }
        server.update(audit: audit)
        // Reviews that are being answered may still write there.
        if let previous { background.next().scheduleTask(in: .seconds(5)) { previous.close() } }
        return true
    }

    private func setOptions(_ configuration: WebhookConfiguration) {
        server.update(options: ServerOptions(configuration))
        current.withLockedValue { $0.keys }.limitWaiters(to: KeySourceFactory.maximumWaiters(configuration))
    }

    private func replaceDirectories(_ configuration: WebhookConfiguration) {
        let directories = DirectoryFactory.directories(
            configuration, known: current.withLockedValue { $0.directories }, eventLoop: background.next(),
            watchLoop: watchLoop, logger: logger, metrics: metrics, publish: publishWatch)
        current.withLockedValue { $0.directories = directories }
    }

    private func replaceKeys(_ new: ServedConfiguration) {
        let server = server
        let previous = current.withLockedValue { $0.keys }
        let store = KeySourceFactory.store(
            new.loaded, eventLoop: background.next(), logger: logger, metrics: metrics,
            onChange: { server.update(keys: $0) })
        store.carryOver(from: previous)
        previous.stop()
        current.withLockedValue { $0.keys = store }
        // Key and cache files are read before the new rules are active, so that no token is checked without keys.
        store.start()
        server.update(
            authenticator: new.authenticator, keys: store.snapshot(), configurationSHA256: new.loaded.contentSHA256)
    }

    private func adopt(_ new: ServedConfiguration) {
        current.withLockedValue { current in
            current.served = new
            current.denyVersions.keep(DenyFiles.paths(new.loaded.configuration))
        }
        recordDenied()
    }

    private func follow(_ paths: Set<ExactText>, asOf earlier: FileVersions) {
        let versions = FileVersions(paths, asOf: earlier)
        current.withLockedValue { $0.versions = versions }
    }

    private func reportInForce(_ new: ServedConfiguration, insteadOf old: ServedConfiguration) {
        if let problem = AuditFile.problem(new.loaded) {
            logger.warning("decisions are not written to the audit file", metadata: ["problem": "\(problem.message)"])
        }
        current.withLockedValue { $0.refused = nil }
        reportGains(old.loaded.changes(to: new.loaded, now: .now()).filter { $0.effect == .gains })
        metrics.recordConfigReload(.success)
        metrics.setConfigLastSuccess(.now())
        recordExpiry(new.identity)
        logger.notice(
            "configuration and certificates are in force",
            metadata: [
                "sha256": "\(new.loaded.contentSHA256.prefix(12))",
                "certificateExpires": "\(new.identity.certificate.notAfter.rfc3339)",
            ])
    }

    /// Warns about each change that gives more access than before, in case the end of a file is missing.
    private func reportGains(_ gains: [ConfigurationChange]) {
        for gain in gains.prefix(Self.maximumGainLines) {
            logger.warning(
                "the new configuration gives more access",
                metadata: ["field": "\(gain.field)", "change": "\(gain.message)"])
        }
        let more = gains.count - Self.maximumGainLines
        if more > 0 {
            logger.warning(
                "the new configuration gives more access in other places too", metadata: ["places": "\(more)"])
        }
    }

    private func reportRefused(_ error: ConfigurationError) {
        current.withLockedValue { $0.refused = FailedReload(error, at: .now()) }
        for problem in error.problems {
            logger.error("configuration refused, the last good one stays", metadata: ["problem": "\(problem)"])
        }
        metrics.recordConfigReload(.failure)
    }

    private func recordWatch() {
        let (served, directories) = current.withLockedValue { ($0.served, $0.directories) }
        for tenant in served.loaded.configuration.tenants {
            let status = directories[tenant.trust.tenantID]?.watch?.status
            metrics.setWatched(
                tenant: tenant.trust.tenantID.description, principals: status?.principals ?? 0,
                oldestAnswer: status.map { $0.oldestAnswer ?? .now() })
        }
    }
}
