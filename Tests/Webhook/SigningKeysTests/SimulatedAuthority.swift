import Entra
import EntraTokens
import HTTPSClient
import Jansson
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import OpenSSL
import SafeText
import SigningKeys
import TestSupport
import Timestamps

/// An Entra, a clock and a store that exist in memory only: hours pass in no time.
final class SimulatedAuthority: Sendable {
    struct State {
        /// Key IDs that each version's set lists.
        var keyIDs: [TokenVersion: [String]] = [.v1: ["a"], .v2: ["a"]]
        var failures: [TokenVersion: KeyFetchError] = [:]
        /// Fetches as seconds since the beginning.
        var fetches: [(second: Int64, version: TokenVersion)] = []
        /// How long the authority takes to answer.
        var delay = TimeAmount.zero
        var snapshots: [KeySnapshot] = []
        var results: [String] = []
        var keyCount = 0
        var lastSuccess: Timestamp?
        var random = 1.0
    }

    static let tenantID = TestTenant.id
    static let beginning = Timestamp(secondsSinceEpoch: 1_800_000_000)

    let loop = EmbeddedEventLoop()
    let state = NIOLockedValueBox(State())
    let trust: TokenValidationRules

    init() throws {
        struct NoGUID: Error {}
        guard let id = GUID(SimulatedAuthority.tenantID) else { throw NoGUID() }
        trust = TokenValidationRules(tenantID: id, audiences: ["a"])
    }

    var now: Timestamp {
        SimulatedAuthority.beginning.adding(seconds: Int64(loop.now.uptimeNanoseconds / 1_000_000_000))
    }

    var snapshot: KeySnapshot? { state.withLockedValue { $0.snapshots.last } }
    var fetchCount: Int { state.withLockedValue { $0.fetches.count } }

    func change(_ change: (inout State) -> Void) { state.withLockedValue { change(&$0) } }

    func fail(_ error: KeyFetchError = .metadata(.connectionRefused)) {
        change { $0.failures = [.v1: error, .v2: error] }
    }

    func heal() { change { $0.failures = [:] } }

    func isUsable() -> Bool { snapshot?.isUsable(tenant: trust.tenantID, now: now) ?? false }

    /// The key IDs that tokens may name now.
    func usableKeyIDs() -> Set<String> {
        isUsable() ? Set(snapshot?.keySets[trust.tenantID]?.keys.map(\.keyID.text) ?? []) : []
    }

    func pass(_ duration: TimeAmount) { loop.advanceTime(by: duration) }

    func report(_ keyIDs: [String]) throws -> KeySetReport {
        let key = try TestTenant.key.get().publicKey
        let keys = keyIDs.map { TestTokens.jwk(key, keyID: $0, [("use", nil)]) }
        return try KeySetReader.read(TestTokens.keySet(keys).render(), trust: trust)
    }

    func makeConfiguration(
        refreshEvery: Duration = .seconds(3600),
        interval: Duration = .seconds(300),
        maximumAge: Duration = .seconds(86_400)
    ) -> SigningKeyConfiguration {
        var settings = SigningKeySettings()
        settings.refreshEvery = refreshEvery
        settings.unknownKeyRefreshInterval = interval
        settings.maximumAge = maximumAge
        return SigningKeyConfiguration(
            trust: trust, settings: settings,
            fetch: { version, eventLoop in
                let second = self.now.seconds(since: SimulatedAuthority.beginning)
                self.change { $0.fetches.append((second, version)) }
                let promise = eventLoop.makePromise(of: FetchedKeySet.self)
                eventLoop.scheduleTask(in: self.state.withLockedValue { $0.delay }) {
                    let (failure, keyIDs) = self.state.withLockedValue {
                        ($0.failures[version], $0.keyIDs[version] ?? [])
                    }
                    if let failure { return promise.fail(failure) }
                    promise.completeWith(Result { FetchedKeySet(report: try self.report(keyIDs)) })
                }
                return promise.futureResult
            })
    }

    func makeStore(_ configuration: SigningKeyConfiguration) -> SigningKeyStore {
        SigningKeyStore(
            configurations: [configuration], eventLoop: loop,
            environment: SigningKeyEnvironment(
                now: { self.now }, uptime: { self.loop.now }, random: { self.state.withLockedValue { $0.random } }),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            observe: { event in
                self.change { state in
                    switch event {
                    case .refreshed(_, let result): state.results.append(result)
                    case .keys(_, let count): state.keyCount = count
                    case .lastSuccess(_, let time): state.lastSuccess = time
                    case .fileFetched: break
                    }
                }
            },
            onChange: { snapshot in self.change { $0.snapshots.append(snapshot) } })
    }

    /// A store that has begun and has keys.
    func startedStore(_ configuration: SigningKeyConfiguration? = nil) -> SigningKeyStore {
        let store = makeStore(configuration ?? makeConfiguration())
        store.start()
        pass(.seconds(1))
        return store
    }
}
