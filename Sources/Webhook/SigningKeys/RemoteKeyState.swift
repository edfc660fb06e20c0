import Entra
import EntraTokens
import Files
import LineLogging
import NIOCore
import Timestamps

/// Where a tenant's keys come from, and the limits of fetching them. Never changes, except for the number of reviews
/// that may wait.
struct RemoteKeyRules: Sendable {
    /// Whose keys they are; nil only in tests, where messages name no address.
    var trust: TokenValidationRules?
    /// How the keys are fetched and stored.
    var settings = SigningKeySettings()
    /// How many reviews may wait; see ``RemoteKeyState/Event/waitersLimited(_:)``.
    var maximumWaiters = 2048
    /// The proxy that fetches go through, for people.
    var proxyName: String?
    /// The file with the CA of the authority's certificate; nil for the system's authorities.
    var authorityCA: String?

    /// Keys come from a file, and nothing is ever fetched.
    var isOffline: Bool { settings.file != nil }
    /// Whose keys they are: an authority's or a file's.
    var source: String? { settings.file ?? trust?.authorityBase }
    var hasCacheFile: Bool { settings.cacheFile != nil }

    /// How often the file is checked for changes.
    static let filePollInterval = Duration.seconds(1)
    /// Seconds by which another machine's clock may be ahead.
    static let clockTolerance: Int64 = 300
    /// The age in seconds from which on the keys of an offline file are old: files are replaced daily, and once may
    /// fail.
    static let oldFile: Int64 = 48 * 3600
    /// The longest wait between two checks of the keys' age, in seconds: the clock may be set in between.
    static let longestAgeWait: Int64 = 86_400
}

/// One tenant's keys and everything that is due for them: events go in, actions come out.
///
/// Pure: it reads no clock, opens no file and no connection. ``RemoteKeySet`` holds one under its lock, and carries out
/// the actions in their order.
struct RemoteKeyState: Sendable {
    /// When an event happens, with a random number for it.
    struct Moment: Sendable {
        var now: Timestamp
        var uptime: NIODeadline
        /// A random number from 0 to 1, which spreads the fetches of several replicas.
        var random: Double
    }

    enum Event: Sendable {
        case started
        /// Another state of the same source, and how many reviews wait for it.
        case tookOver(TenantKeyState, waiters: Int)
        /// A token names a key that is not there; its review would wait.
        case keyUnknown
        /// How many reviews may wait from now on. Those that wait already stay.
        case waitersLimited(Int)
        case fetchDue
        /// The keys of one token version have arrived; those of the other may follow.
        case arrived(KeySetReport, TokenVersion)
        /// All requests of a fetch have ended; each version without keys has a failure.
        case fetchEnded([TokenVersion: KeyFetchError])
        case cacheRead(KeySetReport, fetchedAt: Timestamp)
        case cacheFailed(KeyFileError)
        case fileLookedAt(FileVersion?)
        /// The file must be read again, whether it has changed or not.
        case fileAskedFor
        /// - Parameter fetchedAt: when the keys were fetched, else when the file was written.
        case fileRead(KeySetReport, FileVersion?, fetchedAt: Timestamp? = nil)
        case fileFailed(KeyFileError, FileVersion?)
        /// The keys were published; the status page shows them from now on.
        case handedOn(count: Int, usableUntil: Timestamp?)
        case ageDue
        case stopped
    }

    enum Action: Equatable, Sendable {
        /// The review that caused the event waits.
        case wait
        /// All waiting reviews continue.
        case release
        case fetch
        case fetchAfter(Duration)
        case cancelFetchTimer
        case readCache
        case writeCache
        case readFile
        case lookAtFileAfter(Duration)
        /// Publish the keys as they are now, then report ``Event/handedOn(count:usableUntil:)``.
        case publish
        /// Check the keys' age after this time; nil if they do not age, or if there are none.
        case lookAtAgeAfter(seconds: Int64?)
        case cancelTimers
        /// Counts an attempt.
        case count(result: String)
        case log(KeyLogLine)
    }

    private(set) var rules: RemoteKeyRules
    private(set) var keys: TenantKeyState
    private(set) var schedule: RefreshSchedule
    private(set) var status: TenantKeyStatus
    private(set) var isStopped = false
    private var waiters = 0
    private var fileVersion: FileVersion?
    private var loggedProblems: [KeyProblemNote] = []
    /// Limits repeated lines in the log while there are no keys, for each cause.
    private var repeats: [String: RepeatLimit] = [:]

    init(_ rules: RemoteKeyRules, tenantID: GUID) {
        self.rules = rules
        keys = TenantKeyState(
            maximumAge: rules.isOffline ? nil : rules.settings.maximumAge.components.seconds,
            unknownKeyRefreshInterval: rules.settings.unknownKeyRefreshInterval)
        schedule = RefreshSchedule(refreshEvery: rules.settings.refreshEvery)
        status = TenantKeyStatus(tenantID: tenantID, isOffline: rules.isOffline)
    }

    /// Takes an event and returns what to do, in order.
    mutating func handle(_ event: Event, at moment: Moment) -> [Action] {
        guard !isStopped else { return [] }
        switch event {
        case .started: return start(at: moment)
        case .tookOver(let former, let waiters):
            keys.take(former)
            self.waiters += waiters
            return former.lastSuccess == nil ? [] : publish(at: moment)
        case .keyUnknown: return wait(at: moment)
        case .waitersLimited(let maximum):
            rules.maximumWaiters = maximum
            return []
        case .fetchDue: return keys.startFetch(at: moment) ? [.fetch] : []
        case .arrived(let report, let version):
            // Keys are as old as the request for them.
            keys.take(report, for: version, at: keys.fetchBegan ?? TenantKeyState.Instant(moment))
            return waiters == 0 ? [] : publish(at: moment) + release()
        case .fetchEnded(let failures): return endFetch(failures, at: moment)
        case .cacheRead(let report, let fetchedAt): return takeCache(report, fetchedAt, at: moment)
        case .cacheFailed(let error): return error == .file(.missing) ? [] : [.log(.cacheIgnored(error))]
        case .fileLookedAt(let version):
            return (version == fileVersion ? [] : [.readFile]) + [.lookAtFileAfter(RemoteKeyRules.filePollInterval)]
        case .fileAskedFor: return rules.isOffline ? [.readFile] : []
        case .fileRead(let report, let version, let fetchedAt):
            return takeFile(report, version, fetchedAt ?? moment.now, at: moment)
        case .fileFailed(let error, let version): return failFile(error, version, at: moment)
        case .handedOn(let count, let usableUntil):
            status.keyCount = count
            status.usableUntil = usableUntil
            if let lastSuccess = keys.lastSuccess { status.lastSuccess = lastSuccess }
            return []
        case .ageDue: return lookAtAge(at: moment)
        case .stopped:
            isStopped = true
            return [.cancelTimers] + release()
        }
    }

    private mutating func start(at moment: Moment) -> [Action] {
        if rules.isOffline { return [.readFile, .lookAtFileAfter(RemoteKeyRules.filePollInterval)] }
        let fetch: [Action] = keys.startFetch(at: moment) ? [.fetch] : []
        return (rules.hasCacheFile ? [.readCache] : []) + fetch
    }

    // MARK: Reviews that wait

    private mutating func wait(at moment: Moment) -> [Action] {
        guard !rules.isOffline, waiters < rules.maximumWaiters else { return [] }
        switch keys.extraFetch(at: moment) {
        case .refuse: return []
        case .join:
            waiters += 1
            return [.wait]
        case .start:
            waiters += 1
            return [.wait, .cancelFetchTimer, .log(.keyUnknown), .fetch]
        }
    }

    private mutating func release() -> [Action] {
        waiters = 0
        return [.release]
    }

    // MARK: Fetches

    private mutating func endFetch(_ failures: [TokenVersion: KeyFetchError], at moment: Moment) -> [Action] {
        keys.endFetch()
        let versions = TenantKeyState.versions
        let hasNewKeys = versions.contains { failures[$0] == nil }
        // An authority that never served one of the versions is not a failure, as long as the other is there.
        let failure = versions.compactMap { version in
            failures[version].flatMap { failure in
                !hasNewKeys || !failure.isNotServed || keys.sets[version] != nil ? failure : nil
            }
        }.first
        var actions: [Action] = [.count(result: failure?.label ?? "success")]
        if hasNewKeys { actions += publish(at: moment) }
        actions += report(failure, hasNewKeys: hasNewKeys, now: moment.now) + release()
        actions.append(.fetchAfter(scheduleNext(failure, hasNewKeys: hasNewKeys, at: moment)))
        if hasNewKeys, rules.hasCacheFile { actions.append(.writeCache) }
        return actions
    }

    private mutating func scheduleNext(
        _ failure: KeyFetchError?, hasNewKeys: Bool, at moment: Moment
    ) -> Duration {
        let wait: Duration
        if failure == nil {
            wait = schedule.waitAfterSuccess(random: moment.random)
        } else {
            let rest = (status.usableUntil ?? moment.now).seconds(since: moment.now)
            let outlook: RefreshSchedule.Outlook =
                hasNewKeys
                ? .partlyNew : status.isUsable(now: moment.now) ? .lastGoodKeys(.seconds(rest)) : .noKeys
            wait = schedule.waitAfterFailure(outlook, random: moment.random)
        }
        status.nextRefresh = moment.now.adding(seconds: wait.components.seconds)
        return wait
    }

    // MARK: Files

    private mutating func takeCache(_ report: KeySetReport, _ fetchedAt: Timestamp, at moment: Moment) -> [Action] {
        let latest = moment.now.adding(seconds: RemoteKeyRules.clockTolerance)
        guard fetchedAt <= latest else { return [.log(.cacheIgnored(.fromTheFuture))] }
        guard moment.now < fetchedAt.adding(seconds: rules.settings.maximumAge.components.seconds) else {
            return [.log(.cacheIgnored(.tooOld))]
        }
        // After a reload the keys in memory may be newer.
        if let lastSuccess = keys.lastSuccess, lastSuccess >= fetchedAt { return [] }
        // The file contains only the time of day, not the uptime.
        let time = min(fetchedAt, moment.now)
        let age = moment.now.seconds(since: time) * 1_000_000_000
        keys.take(
            report, for: .v2,
            at: TenantKeyState.Instant(time: time, uptime: TenantKeyState.Instant(moment).uptime - age))
        return publish(at: moment) + [.log(.cacheTaken(fetchedAt: fetchedAt))]
    }

    private mutating func takeFile(
        _ report: KeySetReport, _ version: FileVersion?, _ fetchedAt: Timestamp, at moment: Moment
    ) -> [Action] {
        guard !report.usable.isEmpty else {
            return failFile(.noUsableKeys(report.keys.compactMap(\.problem).first), version, at: moment)
        }
        fileVersion = version
        // As old as the fetch, not as the look at the file: a copy that is no longer replaced must show. The uptime
        // matters only for keys with a maximum age.
        let fetchedAt = min(fetchedAt, moment.now)
        let uptime = TenantKeyState.Instant(moment).uptime
        keys.take(report, for: .v2, at: TenantKeyState.Instant(time: fetchedAt, uptime: uptime))
        let isOld = moment.now.seconds(since: fetchedAt) > RemoteKeyRules.oldFile
        return [.count(result: "success")] + publish(at: moment) + self.report(nil, hasNewKeys: true, now: moment.now)
            + (isOld ? [.log(.fileIsOld(fetchedAt: fetchedAt))] : [])
    }

    /// The last good keys stay.
    private mutating func failFile(_ error: KeyFileError, _ version: FileVersion?, at moment: Moment) -> [Action] {
        // The file is read again when its version changes.
        fileVersion = version
        let failure = KeyFetchError.file(error)
        return [.count(result: failure.label)] + report(failure, hasNewKeys: false, now: moment.now)
    }

    // MARK: Age

    private mutating func publish(at moment: Moment) -> [Action] {
        // First, because a new set of one version must not extend the use of the other version's old set.
        _ = keys.removeOutdated(at: moment)
        return [.publish, ageTimer(at: moment)]
    }

    /// Planned for the time at which the first of the sets will be too old.
    private func ageTimer(at moment: Moment) -> Action {
        .lookAtAgeAfter(
            seconds: keys.secondsLeft(at: moment).map { min(max($0, 1), RemoteKeyRules.longestAgeWait) })
    }

    private mutating func lookAtAge(at moment: Moment) -> [Action] {
        guard keys.removeOutdated(at: moment) else { return [ageTimer(at: moment)] }
        return publish(at: moment) + (keys.lastSuccess == nil ? [.log(.tooOld)] : [])
    }

    // MARK: Reports

    /// Stores and logs how an attempt ended.
    private mutating func report(_ failure: KeyFetchError?, hasNewKeys: Bool, now: Timestamp) -> [Action] {
        let cause = failure.map { $0.explained(rules) }
        // In the log, the source is a field of its own.
        status.lastError = cause.map { cause in rules.source.map { "\($0): \(cause)" } ?? cause }
        var actions: [Action] = []
        if let failure, let cause {
            let hasKeys = hasNewKeys || status.isUsable(now: now)
            // Without keys there is an attempt about every two seconds, and each would log the same line.
            if hasKeys || repeats.count > 16 { repeats = [:] }
            let leftOut = hasKeys ? 0 : repeats[cause, default: RepeatLimit()].admit(at: now)
            if let leftOut {
                let state: KeyLogLine.Keys = hasNewKeys ? .someNew : hasKeys ? .lastGood : .none
                actions.append(.log(.failed(failure, cause: cause, keys: state, leftOut: leftOut)))
            }
        } else {
            repeats = [:]
            actions.append(.log(.refreshed(keys: keys.keyCount)))
        }
        let problems = keys.problems
        guard hasNewKeys, problems != loggedProblems else { return actions }
        loggedProblems = problems
        return problems.isEmpty ? actions : actions + [.log(.unusable(problems))]
    }
}
