internal import EntraTokens
internal import Files
internal import HTTPSClient
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Timestamps

/// Gets and keeps one tenant's keys: carries out what ``TenantKeyState`` and ``RefreshSchedule`` decide.
final class TenantKeyKeeper: Sendable {
    private struct Guarded {
        var state: TenantKeyState
        var schedule: RefreshSchedule
        var status: TenantKeyStatus
        var waiters: [EventLoopPromise<Void>] = []
        var timer: Scheduled<Void>?
        var fileStamp: FileStamp?
        var isStopped = false
        var onChange: @Sendable (TenantKeySet?) -> Void = { _ in }
    }

    /// How often a key file is looked at.
    private static let filePollInterval = TimeAmount.seconds(1)

    private let plan: SigningKeyPlan
    private let eventLoop: any EventLoop
    private let environment: SigningKeyEnvironment
    private let logger: Logger
    private let observe: @Sendable (SigningKeyEvent) -> Void
    private let guarded: NIOLockedValueBox<Guarded>

    private var tenantID: GUID { plan.trust.tenantID }

    init(
        plan: SigningKeyPlan,
        eventLoop: any EventLoop,
        environment: SigningKeyEnvironment,
        logger: Logger,
        observe: @escaping @Sendable (SigningKeyEvent) -> Void
    ) {
        self.plan = plan
        self.eventLoop = eventLoop
        self.environment = environment
        self.observe = observe
        var logger = logger
        logger[metadataKey: "tenant"] = "\(plan.trust.tenantID)"
        self.logger = logger
        guarded = NIOLockedValueBox(
            Guarded(
                state: TenantKeyState(
                    trust: plan.trust,
                    maximumAge: plan.maximumAge.components.seconds,
                    unknownKeyRefreshInterval: plan.unknownKeyRefreshInterval),
                schedule: RefreshSchedule(refreshEvery: plan.refreshEvery),
                status: TenantKeyStatus(tenantID: plan.trust.tenantID, isOffline: plan.file != nil)))
    }

    func whenChanged(_ onChange: @escaping @Sendable (TenantKeySet?) -> Void) {
        guarded.withLockedValue { $0.onChange = onChange }
    }

    func status() -> TenantKeyStatus {
        guarded.withLockedValue { $0.status }
    }

    func carryOver(from other: TenantKeyKeeper) {
        guard plan.file == nil, other.plan.file == nil, plan.trust.tenantID == other.plan.trust.tenantID,
            plan.trust.authorityBase == other.plan.trust.authorityBase, plan.trust.cloud == other.plan.trust.cloud
        else { return }
        let former = other.guarded.withLockedValue { $0.state }
        let publish = guarded.withLockedValue { guarded in
            guarded.state.take(former)
            return guarded.onChange
        }
        if former.lastSuccess != nil { publishKeys(publish) }
    }

    func start() {
        if plan.file != nil {
            reloadFile()
            scheduleFilePoll()
        } else {
            readCache()
            fetch()
        }
    }

    func stop() {
        let waiters = guarded.withLockedValue { guarded in
            guarded.isStopped = true
            guarded.timer?.cancel()
            defer { guarded.waiters = [] }
            return guarded.waiters
        }
        for waiter in waiters { waiter.succeed() }
    }

    // MARK: Fetching

    func refreshForUnknownKey(on eventLoop: any EventLoop) -> EventLoopFuture<Void>? {
        guard plan.file == nil else { return nil }
        let uptime = environment.uptime()
        let (decision, promise) = guarded.withLockedValue {
            guarded -> (TenantKeyState.ExtraFetch, EventLoopPromise<Void>?) in
            guard !guarded.isStopped else { return (.refuse, nil) }
            let decision = guarded.state.extraFetch(at: uptime)
            guard decision != .refuse else { return (decision, nil) }
            let promise = eventLoop.makePromise(of: Void.self)
            guarded.waiters.append(promise)
            if decision == .start { guarded.timer?.cancel() }
            return (decision, promise)
        }
        if decision == .start {
            logger.info("a token names an unknown key, so the signing keys are fetched")
            performFetch()
        }
        return promise?.futureResult
    }

    private func fetch() {
        let starts = guarded.withLockedValue { guarded in !guarded.isStopped && guarded.state.startFetch() }
        if starts { performFetch() }
    }

    private func performFetch() {
        let versions = [TokenVersion.v2, .v1]
        let fetches = versions.map { version in
            plan.fetch(version, eventLoop).map { Result<FetchedKeySet, any Error>.success($0) }
                .flatMapErrorThrowing { .failure($0) }
        }
        EventLoopFuture.whenAllSucceed(fetches, on: eventLoop).whenSuccess { results in
            self.fetched(Array(zip(versions, results)))
        }
    }

    private func fetched(_ results: [(TokenVersion, Result<FetchedKeySet, any Error>)]) {
        let now = environment.now()
        var sets: [(TokenVersion, FetchedKeySet)] = []
        var errors: [KeyFetchError] = []
        for (version, result) in results {
            switch result {
            case .success(let set): sets.append((version, set))
            case .failure(let error): errors.append(error as? KeyFetchError ?? .metadata(.unreachable))
            }
        }
        // An authority that serves one version only is no failure, as long as that one is there.
        let failure = sets.isEmpty ? errors.first : errors.first { !$0.isNotServed }
        let (waiters, publish) = guarded.withLockedValue { guarded in
            for (version, set) in sets { guarded.state.take(set.report, for: version, at: now) }
            guarded.state.dropOutdated(now: now)
            guarded.state.endFetch()
            defer { guarded.waiters = [] }
            return (guarded.waiters, guarded.onChange)
        }
        if !sets.isEmpty { publishKeys(publish) }
        report(failure, gotKeys: !sets.isEmpty, now: now)
        for waiter in waiters { waiter.succeed() }
        scheduleNext(afterFailure: failure != nil)
        if !sets.isEmpty { writeCache(now: now) }
    }

    private func publishKeys(_ publish: @Sendable (TenantKeySet?) -> Void) {
        let (set, status) = guarded.withLockedValue { guarded in
            let set = guarded.state.keySet
            guarded.status.keyCount = Set(set?.keys.map(\.keyID) ?? []).count
            guarded.status.lastSuccess = guarded.state.lastSuccess
            guarded.status.usableUntil = set?.usableUntil
            return (set, guarded.status)
        }
        publish(set)
        observe(.keys(tenant: tenantID, count: status.keyCount))
        if let lastSuccess = status.lastSuccess { observe(.lastSuccess(tenant: tenantID, lastSuccess)) }
    }

    private func report(_ failure: KeyFetchError?, gotKeys: Bool, now: Timestamp) {
        let status = guarded.withLockedValue { guarded in
            guarded.status.lastError = failure?.sentence
            return guarded.status
        }
        observe(.refreshed(tenant: tenantID, result: failure?.label ?? "success"))
        if let failure {
            let state = status.isUsable(now: now) ? "the last known good keys stay" : "there are no usable keys"
            logger.warning(
                "signing keys could not be refreshed",
                metadata: ["cause": "\(failure.sentence)", "result": "\(failure.label)", "keys": "\(state)"])
        } else {
            logger.info("signing keys refreshed", metadata: ["keys": "\(status.keyCount)"])
        }
    }

    private func scheduleNext(afterFailure: Bool) {
        let random = environment.random()
        let now = environment.now()
        guarded.withLockedValue { guarded in
            guard !guarded.isStopped else { return }
            let hasKeys = guarded.status.isUsable(now: now)
            let wait =
                afterFailure
                ? guarded.schedule.waitAfterFailure(hasKeys: hasKeys, random: random)
                : guarded.schedule.waitAfterSuccess(random: random)
            guarded.status.nextRefresh = now.adding(seconds: wait.components.seconds)
            guarded.timer?.cancel()
            guarded.timer = eventLoop.scheduleTask(in: TimeAmount(wait)) { self.fetch() }
        }
    }

    // MARK: Cache file

    private func readCache() {
        guard let path = plan.cacheFile else { return }
        let now = environment.now()
        do throws(KeyFileError) {
            let file = try KeyFile.read(path: path, trust: plan.trust)
            guard file.tenantID != nil, file.authority != nil, let fetchedAt = file.fetchedAt else {
                throw .otherTenant
            }
            guard !file.report.usable.isEmpty else { throw .noUsableKeys }
            guard fetchedAt <= now.adding(seconds: 300) else { throw .fromTheFuture }
            guard now < fetchedAt.adding(seconds: plan.maximumAge.components.seconds) else { throw .tooOld }
            let publish = guarded.withLockedValue { guarded in
                guarded.state.take(file.report, for: .v2, at: fetchedAt)
                return guarded.onChange
            }
            publishKeys(publish)
            logger.info("signing keys taken from the cache file", metadata: ["fetched": "\(fetchedAt.rfc3339)"])
        } catch {
            guard error != .file(.missing) else { return }
            logger.warning("the cache file of signing keys is ignored", metadata: ["cause": "\(error.sentence)"])
        }
    }

    private func writeCache(now: Timestamp) {
        guard let path = plan.cacheFile else { return }
        let keys = guarded.withLockedValue { $0.state.usableJWKs }
        do throws(FileError) {
            try FileBytes.write(KeyFile.render(keys: keys, trust: plan.trust, fetchedAt: now), to: path)
        } catch {
            logger.warning("the cache file of signing keys is not written", metadata: ["cause": "\(error.sentence)"])
        }
    }

    // MARK: Offline file

    private func scheduleFilePoll() {
        guarded.withLockedValue { guarded in
            guard !guarded.isStopped else { return }
            guarded.timer = eventLoop.scheduleTask(in: TenantKeyKeeper.filePollInterval) {
                self.pollFile()
                self.scheduleFilePoll()
            }
        }
    }

    private func pollFile() {
        guard let path = plan.file else { return }
        let stamp = FileStamp(path: path)
        let changed = guarded.withLockedValue { $0.fileStamp != stamp }
        if changed { reloadFile() }
    }

    /// Reads the offline file; when it is not usable, the last good keys stay.
    func reloadFile() {
        guard let path = plan.file else { return }
        let stamp = FileStamp(path: path)
        do throws(KeyFileError) {
            let file = try KeyFile.read(path: path, trust: plan.trust)
            guard !file.report.usable.isEmpty else { throw .noUsableKeys }
            let now = environment.now()
            let publish = guarded.withLockedValue { guarded in
                guarded.fileStamp = stamp
                guarded.state.take(file.report, for: .v2, at: now)
                return guarded.onChange
            }
            publishFileKeys(publish)
            report(nil, gotKeys: true, now: now)
        } catch {
            guarded.withLockedValue { $0.fileStamp = stamp }
            report(.file(error), gotKeys: false, now: environment.now())
        }
    }

    /// Keys from a file do not age: whoever put the file there answers for it.
    private func publishFileKeys(_ publish: @escaping @Sendable (TenantKeySet?) -> Void) {
        publishKeys { set in
            publish(set.map { TenantKeySet(keys: $0.keys, usableUntil: Timestamp(secondsSinceEpoch: .max)) })
        }
        guarded.withLockedValue { $0.status.usableUntil = Timestamp(secondsSinceEpoch: .max) }
    }
}
