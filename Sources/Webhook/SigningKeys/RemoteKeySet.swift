import Entra
import EntraTokens
import Files
import HTTPSClient
import Logging
import NIOConcurrencyHelpers
import NIOCore
import SafeText
import Timestamps

/// One tenant's keys: passes events to its ``RemoteKeyState`` under one lock, and carries out the actions.
///
/// Everything except the events of reviews happens on the background loop.
final class RemoteKeySet: Sendable {
    private struct Guarded {
        var state: RemoteKeyState
        var waiters: [EventLoopPromise<Void>] = []
        var fetchTimer: Scheduled<Void>?
        var ageTimer: Scheduled<Void>?
        var onChange: @Sendable (TenantKeySet?) -> Void = { _ in }

        mutating func takeWaiters() -> [EventLoopPromise<Void>] {
            defer { waiters = [] }
            return waiters
        }
    }

    private let configuration: SigningKeyConfiguration
    private let eventLoop: any EventLoop
    private let environment: SigningKeyEnvironment
    private let logger: Logger
    private let observe: @Sendable (SigningKeyEvent) -> Void
    private let guarded: NIOLockedValueBox<Guarded>

    var tenantID: GUID { configuration.trust.tenantID }

    init(
        configuration: SigningKeyConfiguration,
        eventLoop: any EventLoop,
        environment: SigningKeyEnvironment,
        logger: Logger,
        observe: @escaping @Sendable (SigningKeyEvent) -> Void
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.environment = environment
        self.observe = observe
        var logger = logger
        logger[metadataKey: "tenant"] = "\(configuration.trust.tenantID)"
        self.logger = logger
        let rules = RemoteKeyRules(
            trust: configuration.trust, settings: configuration.settings,
            maximumWaiters: configuration.maximumWaiters, proxyName: configuration.proxyName,
            authorityCA: configuration.authorityCA)
        guarded = NIOLockedValueBox(Guarded(state: RemoteKeyState(rules, tenantID: configuration.trust.tenantID)))
    }

    func whenChanged(_ onChange: @escaping @Sendable (TenantKeySet?) -> Void) {
        guarded.withLockedValue { $0.onChange = onChange }
    }

    func status() -> TenantKeyStatus { guarded.withLockedValue { $0.state.status } }

    /// Whether keys come from a file only.
    var isOffline: Bool { configuration.settings.file != nil }

    func start() { handle(.started) }

    func stop() { handle(.stopped) }

    /// Reads the offline file again, if there is one.
    func reloadFile() { handle(.fileAskedFor) }

    func limitWaiters(to maximum: Int) { handle(.waitersLimited(maximum)) }

    /// Takes over the keys of another one with the same source, and the reviews that wait for them.
    func carryOver(from other: RemoteKeySet) {
        guard
            configuration.settings.file.map({ ExactText($0) })
                == other.configuration.settings.file.map({ ExactText($0) }),
            configuration.trust.tenantID == other.configuration.trust.tenantID,
            ExactText(configuration.trust.authorityBase) == ExactText(other.configuration.trust.authorityBase),
            configuration.trust.cloud == other.configuration.trust.cloud
        else { return }
        let (former, waiters) = other.guarded.withLockedValue { ($0.state.keys, $0.takeWaiters()) }
        handle(.tookOver(former, waiters: waiters.count), with: waiters)
    }

    /// See ``SigningKeyStore/refreshForUnknownKey(tenant:on:)``.
    func refreshForUnknownKey(on eventLoop: any EventLoop) -> EventLoopFuture<Void>? {
        let moment = moment
        let (actions, promise) = guarded.withLockedValue { guarded in
            let actions = guarded.state.handle(.keyUnknown, at: moment)
            guard actions.first == .wait else { return (actions, EventLoopPromise<Void>?.none) }
            // In the same step as the decision, so that no fetch ends between them.
            let promise = eventLoop.makePromise(of: Void.self)
            guarded.waiters.append(promise)
            return (actions, promise)
        }
        let others = actions.dropFirst()
        // Not here, because an event loop that answers requests must not wait for files.
        if !others.isEmpty { self.eventLoop.execute { self.carryOut(Array(others)) } }
        return promise?.futureResult
    }

    // MARK: Actions

    private var moment: RemoteKeyState.Moment {
        RemoteKeyState.Moment(now: environment.now(), uptime: environment.uptime(), random: environment.random())
    }

    private func handle(_ event: RemoteKeyState.Event, with waiters: [EventLoopPromise<Void>] = []) {
        let moment = moment
        let (actions, released) = guarded.withLockedValue { guarded in
            guarded.waiters += waiters
            let actions = guarded.state.handle(event, at: moment)
            // Reviews that start to wait after this step are not released by it.
            return (actions, actions.contains(.release) ? guarded.takeWaiters() : [])
        }
        carryOut(actions, releasing: released)
    }

    private func carryOut(_ actions: [RemoteKeyState.Action], releasing waiters: [EventLoopPromise<Void>] = []) {
        for action in actions {
            switch action {
            case .wait: break
            case .release: for waiter in waiters { waiter.succeed() }
            case .fetch: fetch()
            case .fetchAfter(let wait): schedule(\.fetchTimer, in: TimeAmount(wait), .fetchDue)
            case .cancelFetchTimer: guarded.withLockedValue { $0.fetchTimer?.cancel() }
            case .readCache: readCache()
            case .writeCache: writeCache()
            case .readFile: readFile()
            case .lookAtFileAfter(let wait): lookAtFile(in: TimeAmount(wait))
            case .publish: publish()
            case .lookAtAgeAfter(let seconds): schedule(\.ageTimer, in: seconds.map { .seconds($0) }, .ageDue)
            case .cancelTimers:
                guarded.withLockedValue { guarded in
                    guarded.fetchTimer?.cancel()
                    guarded.ageTimer?.cancel()
                }
            case .count(let result): observe(.refreshed(tenant: tenantID, result: result))
            case .log(let line):
                line.write(
                    to: logger, source: configuration.settings.file ?? configuration.trust.authorityBase,
                    cacheFile: configuration.settings.cacheFile ?? "")
            }
        }
    }

    /// - Parameter wait: nil cancels what is scheduled.
    private func schedule(
        _ timer: WritableKeyPath<Guarded, Scheduled<Void>?>, in wait: TimeAmount?, _ event: RemoteKeyState.Event
    ) {
        guarded.withLockedValue { guarded in
            guarded[keyPath: timer]?.cancel()
            guard let wait, !guarded.state.isStopped else { return guarded[keyPath: timer] = nil }
            guarded[keyPath: timer] = eventLoop.scheduleTask(in: wait) { self.handle(event) }
        }
    }

    private func fetch() {
        let attempts = TenantKeyState.versions.map { version in
            configuration.fetch(version, eventLoop).hop(to: eventLoop)
                .map { set -> (TokenVersion, KeyFetchError)? in
                    self.handle(.arrived(set.report, version))
                    return nil
                }
                .flatMapErrorThrowing { (version, $0 as? KeyFetchError ?? .metadata(.unreachable)) }
        }
        EventLoopFuture.whenAllSucceed(attempts, on: eventLoop).whenSuccess { failures in
            let failures = Dictionary(failures.compactMap { $0 }, uniquingKeysWith: { first, _ in first })
            self.handle(.fetchEnded(failures))
        }
    }

    /// Publishes the keys as they are now.
    private func publish() {
        let (keys, onChange) = guarded.withLockedValue { ($0.state.keys, $0.onChange) }
        // Built outside of the lock, because event loops that answer requests take it too.
        let set = keys.keySet
        onChange(set)
        observe(.keys(tenant: tenantID, count: keys.keyCount))
        if let lastSuccess = keys.lastSuccess { observe(.lastSuccess(tenant: tenantID, lastSuccess)) }
        observe(.fileFetched(tenant: tenantID, isOffline ? keys.lastSuccess : nil))
        // Last, so that the keys are in use before the tenant counts as ready.
        handle(.handedOn(count: keys.keyCount, usableUntil: set?.usableUntil))
    }

    // MARK: Files

    private func readCache() {
        guard let path = configuration.settings.cacheFile else { return }
        do throws(KeyFileError) {
            let file = try KeyFile.readCache(path: path, trust: configuration.trust)
            handle(.cacheRead(file.report, fetchedAt: file.fetchedAt))
        } catch {
            handle(.cacheFailed(error))
        }
    }

    private func writeCache() {
        guard let path = configuration.settings.cacheFile else { return }
        let state = guarded.withLockedValue { $0.state.keys }
        let keys = state.newestJWKs
        guard let time = state.lastSuccess, !keys.isEmpty else { return }
        do throws(FileError) {
            try FileIO.write(KeyFile.render(keys: keys, trust: configuration.trust, fetchedAt: time), to: path)
        } catch {
            logger.warning(
                "the cache file of signing keys is not written",
                metadata: ["cause": "\(error.sentence)", "file": "\(path)"])
        }
    }

    private func lookAtFile(in wait: TimeAmount) {
        guard let path = configuration.settings.file else { return }
        guarded.withLockedValue { guarded in
            guard !guarded.state.isStopped else { return }
            guarded.fetchTimer = eventLoop.scheduleTask(in: wait) {
                self.handle(.fileLookedAt(FileVersion(path: path)))
            }
        }
    }

    private func readFile() {
        guard let path = configuration.settings.file else { return }
        // Taken before the file is read, so that a change during the read is noticed at the next check.
        let version = FileVersion(path: path)
        do throws(KeyFileError) {
            let file = try KeyFile.read(path: path, trust: configuration.trust, isTrusted: true)
            let written = version.map { Timestamp(secondsSinceEpoch: $0.written) }
            handle(.fileRead(file.report, version, fetchedAt: file.fetchedAt ?? written))
        } catch {
            handle(.fileFailed(error, version))
        }
    }
}
