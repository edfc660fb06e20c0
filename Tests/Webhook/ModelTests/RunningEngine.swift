import AccessPolicy
import Addresses
import Authentication
import Entra
import EntraTokens
import Jansson
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import OpenSSL
import Prometheus
import SigningKeys
import Timestamps
import TokenReviewAPI

@testable import WebhookServer

/// The program's own review engine and key store on one event loop whose time is made by the test.
final class RunningEngine {
    typealias Model = ReferenceModel

    /// Entra's side: what it publishes, and fetches that it leaves hanging.
    private struct Entra {
        var published: [Model.TenantName: Set<Int>] = [.a: [0], .b: [1]]
        var authority: [Model.TenantName: Model.Authority] = [:]
        var held: [(Model.TenantName, EventLoopPromise<FetchedKeySet>)] = []
    }

    /// The model's two clocks in seconds: a jump of the machine's clock leaves the uptime alone. `ManualClock` has only
    /// an uptime.
    private struct Clock {
        var wall: Int
        var uptime = 0
    }

    struct Unreachable: Error {}

    private let loop = EmbeddedEventLoop()
    private let entra = NIOLockedValueBox(Entra())
    private let clock: NIOLockedValueBox<Clock>
    private let logger = Logger(label: "model") { _ in SwiftLogNoOpLogHandler() }
    private var settings = Model.Settings()
    private var order = Model.TenantName.allCases
    private var store: SigningKeyStore
    private let storeBox: NIOLockedValueBox<SigningKeyStore?>
    private let engine: ReviewEngine
    private(set) var answers: [Int: String] = [:]

    init(wall: Int) {
        let clock = NIOLockedValueBox(Clock(wall: wall))
        self.clock = clock
        let box = NIOLockedValueBox<SigningKeyStore?>(nil)
        storeBox = box
        var options = ServerOptions(
            listen: ListenAddress(host: "127.0.0.1", port: 0), cache: .init(entries: 8, maximumAge: .seconds(20)))
        options.limits.reviewDeadline = .seconds(Model.Timing.reviewDeadline)
        let metrics = ServerMetrics(factory: PrometheusRegistry(), version: "0", tenantIDs: [])
        let engineBox = EngineBox()
        store = Self.store(
            order, entra: entra, clock: clock, loop: loop, logger: logger,
            onChange: { engineBox.engine?.update($0) })
        engine = ReviewEngine(
            // The model knows seconds only.
            turns: FairScheduler(eventLoop: loop, pause: .zero), options: options,
            basis: ReviewBasis(
                authenticator: Authenticator(Self.authentication(settings, order: order)), keys: store.snapshot()),
            services: ReviewServices(refreshKeys: { tenant, loop in
                box.withLockedValue { $0 }?.refreshForUnknownKey(tenant: tenant, on: loop)
            }),
            memory: ReviewMemory(options), metrics: metrics,
            log: DecisionLog(logger: logger, metrics: metrics),
            clock: { Timestamp(secondsSinceEpoch: Int64(clock.withLockedValue { $0.wall })) })
        engineBox.engine = engine
        box.withLockedValue { $0 = store }
    }

    /// Everything runs on the test's thread; the store's closure only has to be told so.
    private final class EngineBox: @unchecked Sendable {
        weak var engine: ReviewEngine?
    }

    // MARK: Steps

    func start() {
        store.start()
        loop.run()
    }

    func review(_ id: Int, _ token: String) {
        let body = ByteBuffer(bytes: TokenReviewRequest.encode(token: token))
        switch engine.review(body) {
        case .answer(let response): answers[id] = Self.text(response)
        case .later(let future): future.assumeIsolated().whenSuccess { self.answers[id] = Self.text($0) }
        }
        loop.run()
    }

    func passSecond() {
        clock.withLockedValue {
            $0.wall += 1
            $0.uptime += 1
        }
        loop.advanceTime(by: .seconds(1))
    }

    func setClock(_ wall: Int) { clock.withLockedValue { $0.wall = wall } }

    func publish(_ name: Model.TenantName, _ keys: Set<Int>) { entra.withLockedValue { $0.published[name] = keys } }

    func set(_ name: Model.TenantName, to authority: Model.Authority) {
        let ended = entra.withLockedValue { entra in
            entra.authority[name] = authority
            guard authority != .hanging else { return [EventLoopPromise<FetchedKeySet>]() }
            let ended = entra.held.filter { $0.0 == name }.map { $0.1 }
            entra.held.removeAll { $0.0 == name }
            return ended
        }
        // The oldest last, which may belong to a store that was replaced.
        for promise in ended.reversed() { Self.end(promise, name, entra) }
        loop.run()
    }

    func apply(_ settings: Model.Settings) {
        self.settings = settings
        engine.update(Authenticator(Self.authentication(settings, order: order)))
    }

    /// As the service does it when the tenants or the way to their keys have changed.
    func replaceStore(_ settings: Model.Settings, reversed: Bool) {
        self.settings = settings
        if reversed { order.reverse() }
        let engineBox = EngineBox()
        engineBox.engine = engine
        let next = Self.store(
            order, entra: entra, clock: clock, loop: loop, logger: logger,
            onChange: { engineBox.engine?.update($0) })
        next.carryOver(from: store)
        store.stop()
        loop.run()
        store = next
        storeBox.withLockedValue { $0 = next }
        next.start()
        engine.update(Authenticator(Self.authentication(settings, order: order)))
        engine.update(next.snapshot())
        loop.run()
    }

    func end() {
        store.stop()
        for (_, promise) in entra.withLockedValue({ $0.held }) { promise.fail(Unreachable()) }
        loop.run()
    }

    // MARK: Parts

    private static func store(
        _ order: [Model.TenantName],
        entra: NIOLockedValueBox<Entra>,
        clock: NIOLockedValueBox<Clock>,
        loop: EmbeddedEventLoop,
        logger: Logger,
        onChange: @escaping @Sendable (KeySnapshot) -> Void
    ) -> SigningKeyStore {
        var settings = SigningKeySettings()
        settings.refreshEvery = .seconds(Model.Timing.refreshEvery)
        settings.unknownKeyRefreshInterval = .seconds(Model.Timing.unknownKeyInterval)
        settings.maximumAge = .seconds(Model.Timing.maximumAge)
        let configurations = order.map { name in
            SigningKeyConfiguration(
                trust: ModelTokens.trust(name, Model.Settings()), settings: settings,
                fetch: { _, loop in
                    let promise = loop.makePromise(of: FetchedKeySet.self)
                    let hangs = entra.withLockedValue { entra in
                        guard entra.authority[name] == .hanging else { return false }
                        entra.held.append((name, promise))
                        return true
                    }
                    // Never at once: the network takes its time.
                    if !hangs { loop.execute { end(promise, name, entra) } }
                    return promise.futureResult
                })
        }
        return SigningKeyStore(
            configurations: configurations, eventLoop: loop,
            environment: SigningKeyEnvironment(
                now: { Timestamp(secondsSinceEpoch: Int64(clock.withLockedValue { $0.wall })) },
                uptime: { .uptimeNanoseconds(UInt64(clock.withLockedValue { $0.uptime } + 1000) * 1_000_000_000) },
                random: { 1 }),
            logger: logger, onChange: onChange)
    }

    private static func end(
        _ promise: EventLoopPromise<FetchedKeySet>, _ name: Model.TenantName, _ entra: NIOLockedValueBox<Entra>
    ) {
        let (keys, isServing) = entra.withLockedValue {
            ($0.published[name] ?? [], ($0.authority[name] ?? .serving) == .serving)
        }
        promise.completeWith(
            Result {
                guard isServing else { throw Unreachable() }
                return FetchedKeySet(report: try ModelTokens.keySet(keys, for: name))
            })
    }

    private static func authentication(_ settings: Model.Settings, order: [Model.TenantName]) -> AuthenticationSettings
    {
        AuthenticationSettings(
            tenants: order.map {
                TenantConfiguration(trust: ModelTokens.trust($0, settings), policy: ModelTokens.policy($0, settings))
            },
            kubernetes: KubernetesPolicy(adminGroups: ["admins"]),
            clockSkew: Int64(settings.clockSkew))
    }

    /// An answer in the model's words.
    private static func text(_ response: ServerResponse) -> String {
        guard
            let answer = try? response.body.withUnsafeReadableBytes({ try TokenReviewAnswer(decoding: $0) })
        else { return "HTTP \(response.status)" }
        if let user = answer.user {
            return "accepted: " + user.groups.map(ModelTokens.groupName).joined(separator: ", ")
        }
        guard let error = answer.error else { return "foreign" }
        return String(error.dropFirst("kube-entra: ".count).prefix { $0 != ":" })
    }
}
