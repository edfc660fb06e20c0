internal import Entra
internal import EntraTokens
internal import HTTPSClient
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Timestamps

extension RemoteKeySet {
    /// See ``SigningKeyStore/refreshForUnknownKey(tenant:on:)``.
    func refreshForUnknownKey(on eventLoop: any EventLoop) -> EventLoopFuture<Void>? {
        guard plan.file == nil else { return nil }
        let uptime = environment.uptime()
        let now = environment.now()
        let (decision, promise) = guarded.withLockedValue {
            guarded -> (TenantKeyState.ExtraFetch, EventLoopPromise<Void>?) in
            guard !guarded.isStopped, guarded.waiters.count < plan.maximumWaiters else { return (.refuse, nil) }
            let decision = guarded.state.extraFetch(at: uptime, now: now)
            guard decision != .refuse else { return (decision, nil) }
            let promise = eventLoop.makePromise(of: Void.self)
            guarded.waiters.append(promise)
            if decision == .start { guarded.timer?.cancel() }
            return (decision, promise)
        }
        if decision == .start {
            // Not on this event loop, which answers requests and must not wait for files.
            self.eventLoop.execute {
                self.logger.info("a token names an unknown key, so the signing keys are fetched")
                self.performFetch()
            }
        }
        return promise?.futureResult
    }

    func fetch() {
        let now = environment.now()
        let starts = guarded.withLockedValue { !$0.isStopped && $0.state.startFetch(now: now) }
        if starts { performFetch() }
    }

    private func performFetch() {
        let versions = [TokenVersion.v2, .v1]
        let attempts = versions.map { version in
            plan.fetch(version, eventLoop).hop(to: eventLoop)
                .map { set -> KeyFetchError? in
                    self.arrived(set, version)
                    return nil
                }
                .flatMapErrorThrowing { $0 as? KeyFetchError ?? .metadata(.unreachable) }
        }
        EventLoopFuture.whenAllSucceed(attempts, on: eventLoop).whenSuccess { failures in
            self.ended(Array(zip(versions, failures)))
        }
    }

    /// The keys of one version have arrived. Reviews that wait for them need not wait for the other version.
    private func arrived(_ set: FetchedKeySet, _ version: TokenVersion) {
        let now = environment.now()
        let waiters = guarded.withLockedValue { guarded -> [EventLoopPromise<Void>] in
            guard !guarded.isStopped else { return [] }
            // Their age counts from the start of the fetch.
            guarded.state.take(set.report, for: version, at: guarded.state.fetchBegan ?? now)
            return guarded.takeWaiters()
        }
        guard !waiters.isEmpty else { return }
        publish()
        for waiter in waiters { waiter.succeed() }
    }

    private func ended(_ results: [(version: TokenVersion, failure: KeyFetchError?)]) {
        let gotKeys = results.contains { $0.failure == nil }
        let (isStopped, failure) = guarded.withLockedValue { guarded in
            // An authority that never served one of the versions has not failed, as long as the other one is available.
            let failure = results.first { result in
                guard let failure = result.failure else { return false }
                return !gotKeys || !failure.isNotServed || guarded.state.sets[result.version] != nil
            }
            return (guarded.isStopped, failure?.failure)
        }
        guard !isStopped else { return }
        observe(.refreshed(tenant: tenantID, result: failure?.label ?? "success"))
        if gotKeys { publish() }
        log(failure, gotKeys: gotKeys)
        let waiters = guarded.withLockedValue { guarded in
            guarded.state.endFetch()
            return guarded.takeWaiters()
        }
        for waiter in waiters { waiter.succeed() }
        scheduleNext(failure: failure, gotKeys: gotKeys)
        if gotKeys { writeCache() }
    }

    private func scheduleNext(failure: KeyFetchError?, gotKeys: Bool) {
        let random = environment.random()
        let now = environment.now()
        guarded.withLockedValue { guarded in
            guard !guarded.isStopped else { return }
            let wait: Duration
            if failure == nil {
                wait = guarded.schedule.waitAfterSuccess(random: random)
            } else {
                let end = guarded.status.usableUntil ?? now
                let outlook: RefreshSchedule.Outlook =
                    gotKeys
                    ? .partlyNew
                    : guarded.status.isUsable(now: now) ? .lastGoodKeys(.seconds(end.seconds(since: now))) : .noKeys
                wait = guarded.schedule.waitAfterFailure(outlook, random: random)
            }
            guarded.status.nextRefresh = now.adding(seconds: wait.components.seconds)
            guarded.timer?.cancel()
            guarded.timer = eventLoop.scheduleTask(in: TimeAmount(wait)) { self.fetch() }
        }
    }
}
