internal import Entra
internal import EntraTokens
internal import Files
internal import LineLogging
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import SafeText
internal import Timestamps

/// Fetches and stores one tenant's keys: carries out what ``TenantKeyState`` and ``RefreshSchedule`` decide.
final class RemoteKeySet: Sendable {
    struct Guarded {
        var state: TenantKeyState
        var schedule: RefreshSchedule
        var status: TenantKeyStatus
        var waiters: [EventLoopPromise<Void>] = []
        var timer: Scheduled<Void>?
        var endTimer: Scheduled<Void>?
        var fileStamp: FileVersion?
        var loggedProblems: [KeyProblemNote] = []
        /// While there are no keys: one for each cause.
        var repeats: [String: RepeatLimit] = [:]
        var isStopped = false
        var onChange: @Sendable (TenantKeySet?) -> Void = { _ in }

        mutating func takeWaiters() -> [EventLoopPromise<Void>] {
            defer { waiters = [] }
            return waiters
        }
    }

    let plan: SigningKeyPlan
    let eventLoop: any EventLoop
    let environment: SigningKeyEnvironment
    let logger: Logger
    let observe: @Sendable (SigningKeyEvent) -> Void
    let guarded: NIOLockedValueBox<Guarded>

    var tenantID: GUID { plan.trust.tenantID }

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
                    maximumAge: plan.file == nil ? plan.maximumAge.components.seconds : nil,
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

    /// Takes over the keys of another set with the same source, and the reviews that wait for it.
    func carryOver(from other: RemoteKeySet) {
        guard plan.file.map({ ExactText($0) }) == other.plan.file.map({ ExactText($0) }),
            plan.trust.tenantID == other.plan.trust.tenantID,
            ExactText(plan.trust.authorityBase) == ExactText(other.plan.trust.authorityBase),
            plan.trust.cloud == other.plan.trust.cloud
        else { return }
        let (former, waiters) = other.guarded.withLockedValue { ($0.state, $0.takeWaiters()) }
        guarded.withLockedValue { guarded in
            guarded.state.take(former)
            guarded.waiters += waiters
        }
        if former.lastSuccess != nil { publish() }
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
            guarded.endTimer?.cancel()
            return guarded.takeWaiters()
        }
        for waiter in waiters { waiter.succeed() }
    }

    // MARK: Publishing

    /// Publishes the current keys.
    func publish() {
        // Built outside of the lock, which event loops that answer requests take too.
        let now = environment.now()
        let (state, onChange) = guarded.withLockedValue { guarded in
            // A new set of one version must not make the other version's old set look new.
            _ = guarded.state.removeOutdated(now: now)
            return (guarded.state, guarded.onChange)
        }
        let set = state.keySet
        let count = Set(set?.keys.map(\.keyID) ?? []).count
        onChange(set)
        observe(.keys(tenant: tenantID, count: count))
        if let lastSuccess = state.lastSuccess { observe(.lastSuccess(tenant: tenantID, lastSuccess)) }
        // Last, so that readiness is visible only after everything else.
        guarded.withLockedValue { guarded in
            guarded.status.keyCount = count
            guarded.status.usableUntil = set?.usableUntil
            if let lastSuccess = state.lastSuccess { guarded.status.lastSuccess = lastSuccess }
        }
        scheduleEnd()
    }

    /// The cause, with what is known about it here.
    private func explained(_ failure: KeyFetchError) -> String {
        failure.sentence
            + (failure.isOfProxy ? plan.proxyName.map { "; the proxy is \($0)" } ?? "" : "")
            + (failure.hint(authorityCA: "authorityCA").map { "; \($0)" } ?? "")
    }

    /// Logs the result of an attempt.
    ///
    /// - Parameter gotKeys: whether some keys are new although the attempt failed.
    func log(_ failure: KeyFetchError?, gotKeys: Bool) {
        let now = environment.now()
        let (status, problems) = guarded.withLockedValue { guarded -> (TenantKeyStatus, [KeyProblemNote]?) in
            guarded.status.lastError = failure.map(explained)
            let problems = guarded.state.problems
            guard gotKeys, problems != guarded.loggedProblems else { return (guarded.status, nil) }
            guarded.loggedProblems = problems
            return (guarded.status, problems)
        }
        if let failure {
            warn(failure, hasKeys: gotKeys || status.isUsable(now: now), gotKeys: gotKeys, now: now)
        } else {
            guarded.withLockedValue { $0.repeats = [:] }
            logger.info("signing keys refreshed", metadata: ["keys": "\(status.keyCount)"])
        }
        guard let problems, !problems.isEmpty else { return }
        // Every tenant's set contains keys of other issuers, which is normal.
        let isOrdinary = problems.allSatisfy { $0.problem == .otherIssuer || $0.problem == .otherCloud }
        logger.log(
            level: isOrdinary ? .debug : .warning, "some signing keys cannot be used",
            metadata: ["cause": "\(problems.map(\.description).joined(separator: "; "))"])
    }

    private func warn(_ failure: KeyFetchError, hasKeys: Bool, gotKeys: Bool, now: Timestamp) {
        let cause = explained(failure)
        // Without keys there is an attempt every other second, which would log the same each time.
        let leftOut = guarded.withLockedValue { guarded -> Int? in
            if hasKeys || guarded.repeats.count > 16 { guarded.repeats = [:] }
            return hasKeys ? 0 : guarded.repeats[cause, default: RepeatLimit()].admit(at: now)
        }
        guard let leftOut else { return }
        let state = gotKeys ? "some are new" : hasKeys ? "the last known good keys stay" : "there are none"
        var metadata: Logger.Metadata = [
            "cause": "\(cause)", "result": "\(failure.label)", "keys": "\(state)",
            "from": "\(plan.file ?? plan.trust.authorityBase)",
        ]
        if leftOut > 0 { metadata["leftOut"] = "\(leftOut)" }
        logger.warning("signing keys could not be refreshed", metadata: metadata)
    }

    // MARK: Age

    /// Checks the keys again when the first of them are too old.
    private func scheduleEnd() {
        let now = environment.now()
        guarded.withLockedValue { guarded in
            guarded.endTimer?.cancel()
            guarded.endTimer = nil
            guard !guarded.isStopped, let end = guarded.state.nextEnd else { return }
            // The clock may be changed, so this is checked at least once a day.
            let wait = TimeAmount.seconds(min(max(end.seconds(since: now), 1), 86_400))
            guarded.endTimer = eventLoop.scheduleTask(in: wait) { self.removeOutdated() }
        }
    }

    private func removeOutdated() {
        let now = environment.now()
        let (isStopped, hasChanged, hasKeys) = guarded.withLockedValue { guarded in
            let hasChanged = guarded.state.removeOutdated(now: now)
            return (guarded.isStopped, hasChanged, guarded.state.lastSuccess != nil)
        }
        guard !isStopped else { return }
        guard hasChanged else { return scheduleEnd() }
        publish()
        if !hasKeys { logger.error("the signing keys are too old to be used any longer") }
    }
}
