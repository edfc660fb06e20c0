import AccessPolicy
public import CoreMetrics
import Entra
public import OpenSSL
import Prometheus
import Synchronization
public import Timestamps

/// The result of something that other modules report.
public enum MetricResult: String, Sendable, CaseIterable {
    case success
    case failure
}

/// How a group resolution ended.
public enum GroupResolutionResult: String, Sendable, CaseIterable {
    case success
    case failure
    /// Answered from the cache.
    case cached
    /// Answered from a cache entry that is no longer fresh, because the directory did not answer.
    case stale
}

/// How a question about a watched principal ended.
public enum WatchQuestionResult: String, Sendable, CaseIterable {
    case success
    case failure
    case throttled
    case forbidden
}

/// The metrics of the contract as typed functions. Handlers are created once; counting takes no lock.
public final class ServerMetrics: Sendable {
    private let factory: any MetricsFactory
    private let accepted: Counter
    /// The key is the reason's precedence, because a number is hashed faster than the text of the reason.
    private let refused: [Int: Counter]
    private let accessDenied: [RefusalReason: Counter]
    private let accessNoOpinion: Counter
    private let duration: Timer
    private let cacheHits: Counter
    private let cacheMisses: Counter
    private let connections: Meter
    private let rejected: [RejectionCause: Counter]
    private let emergencyAccess: Counter
    private let denied: [DeniedEntry.Kind: Counter]
    private let deniedEntries: Meter
    private let deniedListBroken: Meter
    private let configReloads: [MetricResult: Counter]
    private let configLastSuccess: Meter
    private let dropped: [LogLoss: Counter]

    /// - Parameters:
    ///   - fips: the only provider of cryptography; nil if the system's usual ones are used.
    ///   - tenantIDs: as written in labels, in the configuration's order.
    public init(factory: any MetricsFactory, version: String, fips: FIPSProvider? = nil, tenantIDs: [String] = []) {
        self.factory = factory
        typealias Name = MetricFamily.Name
        func counter(_ name: String, _ labels: [(String, String)] = []) -> Counter {
            Counter(label: name, dimensions: labels, factory: factory)
        }
        accepted = counter(Name.reviews, [("result", "accepted"), ("reason", "")])
        refused = Dictionary(
            uniqueKeysWithValues: RefusalReason.ofTokenReviews.map { reason in
                let result = reason.isForeign ? "foreign" : "refused"
                return (reason.precedence, counter(Name.reviews, [("result", result), ("reason", reason.code)]))
            })
        accessDenied = Dictionary(
            uniqueKeysWithValues: RefusalReason.ofAccessReviews.map { reason in
                (reason, counter(Name.accessReviews, [("result", "denied"), ("reason", reason.code)]))
            })
        accessNoOpinion = counter(Name.accessReviews, [("result", "noOpinion"), ("reason", "")])
        duration = Timer(label: Name.reviewDuration, dimensions: [], factory: factory)
        cacheHits = counter(Name.cache, [("result", "hit")])
        cacheMisses = counter(Name.cache, [("result", "miss")])
        connections = Meter(label: Name.connections, dimensions: [], factory: factory)
        rejected = Dictionary(
            uniqueKeysWithValues: RejectionCause.allCases.map { ($0, counter(Name.rejected, [("cause", $0.rawValue)])) }
        )
        emergencyAccess = counter(Name.emergencyAccess)
        denied = Dictionary(
            uniqueKeysWithValues: DeniedEntry.Kind.allCases.map { ($0, counter(Name.denied, [("by", $0.rawValue)])) })
        deniedEntries = Meter(label: Name.deniedEntries, dimensions: [], factory: factory)
        deniedListBroken = Meter(label: Name.deniedListBroken, dimensions: [], factory: factory)
        configReloads = Dictionary(
            uniqueKeysWithValues: MetricResult.allCases.map {
                ($0, counter(Name.configReloads, [("result", $0.rawValue)]))
            })
        configLastSuccess = Meter(label: Name.configLastSuccess, dimensions: [], factory: factory)
        dropped = Dictionary(
            uniqueKeysWithValues: LogLoss.allCases.map {
                ($0, counter(Name.logLinesDropped, [("log", $0.log), ("cause", $0.cause)]))
            })
        Meter(label: Name.buildInfo, dimensions: [("version", version)] + Self.labels(fips), factory: factory)
            .set(Int64(1))
        for tenant in tenantIDs { register(tenant: tenant) }
    }

    /// Labels of a chosen provider; without one, the series has only the version.
    private static func labels(_ fips: FIPSProvider?) -> [(String, String)] {
        guard let fips else { return [] }
        return [
            ("provider", fips.name), ("provider_version", fips.version),
            ("self_test", fips.isSelfTestPassed ? "passed" : "failed"),
        ]
    }

    /// Creates a tenant's series with zeros; also for tenants that a reload adds.
    public func register(tenant: String) {
        setSigningKeys(tenant: tenant, count: 0)
        _ = meter(MetricFamily.Name.keysLastSuccess, [("tenant", tenant)])
        setSigningKeysFile(tenant: tenant, nil)
        for result in MetricResult.allCases { keyRefreshes(tenant, result).increment(by: 0) }
        for result in GroupResolutionResult.allCases { groupResolutions(tenant, result).increment(by: 0) }
        for result in WatchQuestionResult.allCases { watchQuestions(tenant, result).increment(by: 0) }
        setWatched(tenant: tenant, principals: 0, oldestAnswer: nil)
    }

    /// Drops the series of a tenant that a reload removed, so that stale key ages don't alert.
    public func forget(tenant: String) {
        (factory as? PrometheusRegistry)?.removeSeries(withLabel: "tenant", value: tenant)
    }

    // MARK: Reported by the server

    func recordAccepted(isEmergency: Bool, nanoseconds: Int64) {
        accepted.increment()
        if isEmergency { emergencyAccess.increment() }
        duration.recordNanoseconds(nanoseconds)
    }

    func recordRefused(_ reason: RefusalReason, nanoseconds: Int64) {
        refused[reason.precedence]?.increment()
        duration.recordNanoseconds(nanoseconds)
    }

    /// - Parameter reason: nil for no opinion.
    func recordAccessReview(_ reason: RefusalReason?) {
        if let reason { accessDenied[reason]?.increment() } else { accessNoOpinion.increment() }
    }

    func recordDenied(by kind: DeniedEntry.Kind) {
        denied[kind]?.increment()
    }

    func recordCacheLookup(isHit: Bool) {
        (isHit ? cacheHits : cacheMisses).increment()
    }

    func recordRejected(_ cause: RejectionCause) {
        rejected[cause]?.increment()
    }

    func connectionOpened() { connections.increment() }
    func connectionClosed() { connections.decrement() }

    func recordLost(_ loss: LogLoss, count: Int = 1) {
        dropped[loss]?.increment(by: count)
    }

    // MARK: Reported by other modules

    /// Counts a fetch of signing keys.
    public func recordKeyRefresh(tenant: String, result: MetricResult) {
        keyRefreshes(tenant, result).increment()
    }

    /// Number of usable keys of a tenant.
    public func setSigningKeys(tenant: String, count: Int) {
        meter(MetricFamily.Name.signingKeys, [("tenant", tenant)]).set(Int64(count))
    }

    /// When a tenant's keys were last fetched.
    public func setSigningKeysLastSuccess(tenant: String, _ time: Timestamp) {
        meter(MetricFamily.Name.keysLastSuccess, [("tenant", tenant)]).set(time.secondsSinceEpoch)
    }

    /// When the keys of a tenant's offline file were fetched; nil if there is no such file.
    public func setSigningKeysFile(tenant: String, _ time: Timestamp?) {
        meter(MetricFamily.Name.keysFile, [("tenant", tenant)]).set(time?.secondsSinceEpoch ?? 0)
    }

    /// Counts a tenant's group resolutions. Call it once and keep the result, because it looks up the counters.
    public func groupResolutionCounter(tenant: String) -> @Sendable (GroupResolutionResult) -> Void {
        let counters = Dictionary(
            uniqueKeysWithValues: GroupResolutionResult.allCases.map { ($0, groupResolutions(tenant, $0)) })
        return { counters[$0]?.increment() }
    }

    /// - Parameters:
    ///   - entries: number of entries in force in all deny lists.
    ///   - isBroken: whether a newer list cannot be used.
    public func setDenied(entries: Int, isBroken: Bool) {
        deniedEntries.set(Int64(entries))
        deniedListBroken.set(Int64(isBroken ? 1 : 0))
    }

    /// Counts a reload of the configuration.
    public func recordConfigReload(_ result: MetricResult) {
        configReloads[result]?.increment()
    }

    /// When a configuration was last loaded.
    public func setConfigLastSuccess(_ time: Timestamp) {
        configLastSuccess.set(time.secondsSinceEpoch)
    }

    /// - Parameter file: the name of the setting, for example `server.certificate`, or a path of the configuration.
    public func setCertificateExpiry(file: String, _ time: Timestamp) {
        meter(MetricFamily.Name.certificateExpiry, [("file", file)]).set(time.secondsSinceEpoch)
    }

    /// Counts a tenant's questions about watched principals. Call it once and keep the result, because it looks up the
    /// counters.
    public func watchQuestionCounter(tenant: String) -> @Sendable (WatchQuestionResult) -> Void {
        let counters = Dictionary(
            uniqueKeysWithValues: WatchQuestionResult.allCases.map { ($0, watchQuestions(tenant, $0)) })
        return { counters[$0]?.increment() }
    }

    /// - Parameter oldestAnswer: nil if nobody is watched.
    public func setWatched(tenant: String, principals: Int, oldestAnswer: Timestamp?) {
        meter(MetricFamily.Name.watchedPrincipals, [("tenant", tenant)]).set(Int64(principals))
        meter(MetricFamily.Name.watchOldestAnswer, [("tenant", tenant)]).set(oldestAnswer?.secondsSinceEpoch ?? 0)
    }

    private func watchQuestions(_ tenant: String, _ result: WatchQuestionResult) -> Counter {
        Counter(
            label: MetricFamily.Name.watchQuestions,
            dimensions: [("tenant", tenant), ("result", result.rawValue)],
            factory: factory)
    }

    private func meter(_ name: String, _ labels: [(String, String)]) -> Meter {
        Meter(label: name, dimensions: labels, factory: factory)
    }

    private func keyRefreshes(_ tenant: String, _ result: MetricResult) -> Counter {
        Counter(
            label: MetricFamily.Name.keyRefreshes,
            dimensions: [("tenant", tenant), ("result", result.rawValue)],
            factory: factory)
    }

    private func groupResolutions(_ tenant: String, _ result: GroupResolutionResult) -> Counter {
        Counter(
            label: MetricFamily.Name.groupResolutions,
            dimensions: [("tenant", tenant), ("result", result.rawValue)],
            factory: factory)
    }
}
