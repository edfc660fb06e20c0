public import EntraTokens
public import Logging
internal import NIOConcurrencyHelpers
public import NIOCore
public import Timestamps

/// How one tenant's keys are got.
public struct SigningKeyPlan: Sendable {
    public var trust: TokenValidationRules
    public var refreshEvery: Duration
    public var unknownKeyRefreshInterval: Duration
    public var maximumAge: Duration
    public var cacheFile: String?
    /// Offline: only these keys, and nothing is ever fetched.
    public var file: String?
    /// Reviews that may wait for one fetch; more of them are answered with what is known, so that a flood of unknown
    /// key IDs leaves room for the others.
    public var maximumWaiters = 2048
    /// The proxy that fetches go through, for people.
    public var proxyName: String?
    public var fetch: @Sendable (TokenVersion, any EventLoop) -> EventLoopFuture<FetchedKeySet>

    public init(
        trust: TokenValidationRules,
        refreshEvery: Duration,
        unknownKeyRefreshInterval: Duration,
        maximumAge: Duration,
        cacheFile: String? = nil,
        file: String? = nil,
        fetch: @escaping @Sendable (TokenVersion, any EventLoop) -> EventLoopFuture<FetchedKeySet>
    ) {
        self.trust = trust
        self.refreshEvery = refreshEvery
        self.unknownKeyRefreshInterval = unknownKeyRefreshInterval
        self.maximumAge = maximumAge
        self.cacheFile = cacheFile
        self.file = file
        self.fetch = fetch
    }
}

/// What the store tells those who watch it.
public enum SigningKeyEvent: Sendable {
    case refreshed(tenant: GUID, result: String)
    case keys(tenant: GUID, count: Int)
    case lastSuccess(tenant: GUID, Timestamp)
}

/// Where time and chance come from.
public struct SigningKeyEnvironment: Sendable {
    public var now: @Sendable () -> Timestamp
    public var uptime: @Sendable () -> NIODeadline
    /// From 0 to 1.
    public var random: @Sendable () -> Double

    public init(
        now: @escaping @Sendable () -> Timestamp = { .now() },
        uptime: @escaping @Sendable () -> NIODeadline = { .now() },
        random: @escaping @Sendable () -> Double = { .random(in: 0...1) }
    ) {
        self.now = now
        self.uptime = uptime
        self.random = random
    }
}

/// The signing keys of all tenants: fetched, refreshed, kept, and handed on as one snapshot at each change.
public final class SigningKeyStore: Sendable {
    /// In the order of the plans.
    private let keepers: [RemoteKeySet]
    private let keepersByTenant: [GUID: RemoteKeySet]
    private let eventLoop: any EventLoop
    private let published = NIOLockedValueBox(Published())
    private let onChange: @Sendable (KeySnapshot) -> Void

    private struct Published {
        var sets: [GUID: TenantKeySet] = [:]
        /// Until then keys are taken over tenant by tenant, so that a snapshot would lack some that are there.
        var isStarted = false
    }

    /// - Parameters:
    ///   - eventLoop: where fetches and timers run; not one that answers requests.
    ///   - onChange: is given each new snapshot before anybody who waits for it goes on; the first one, with all that
    ///     was taken over, at the beginning of ``start()``.
    public init(
        plans: [SigningKeyPlan],
        eventLoop: any EventLoop,
        environment: SigningKeyEnvironment = SigningKeyEnvironment(),
        logger: Logger,
        observe: @escaping @Sendable (SigningKeyEvent) -> Void = { _ in },
        onChange: @escaping @Sendable (KeySnapshot) -> Void
    ) {
        self.onChange = onChange
        self.eventLoop = eventLoop
        keepers = plans.map { plan in
            RemoteKeySet(
                plan: plan, eventLoop: eventLoop, environment: environment, logger: logger, observe: observe)
        }
        // A configuration names each tenant once.
        keepersByTenant = Dictionary(keepers.map { ($0.tenantID, $0) }, uniquingKeysWith: { first, _ in first })
        for keeper in keepers {
            keeper.whenChanged { [tenantID = keeper.tenantID, published, onChange] set in
                let sets = published.withLockedValue { published in
                    published.sets[tenantID] = set
                    return published.isStarted ? published.sets : nil
                }
                if let sets { onChange(KeySnapshot(sets)) }
            }
        }
    }

    /// Takes over what another store knows of the same tenants of the same authorities; before ``start()``.
    public func carryOver(from other: SigningKeyStore) {
        for keeper in keepers {
            for former in other.keepers { keeper.carryOver(from: former) }
        }
    }

    /// Reads cache and key files at once, then begins to fetch.
    public func start() {
        let sets = published.withLockedValue { published in
            published.isStarted = true
            return published.sets
        }
        // What was taken over, in one snapshot. From now on each tenant's keys are handed on before it counts as ready.
        onChange(KeySnapshot(sets))
        for keeper in keepers { keeper.start() }
    }

    /// Ends fetches and timers; keys stay as they are.
    public func stop() {
        for keeper in keepers { keeper.stop() }
    }

    /// Looks at once whether key files have changed.
    public func reloadFiles() {
        // On the store's own event loop, so that snapshots are handed on in the order in which they were made.
        eventLoop.execute { [keepers] in
            for keeper in keepers { keeper.reloadFile() }
        }
    }

    /// All tenants' keys as of now.
    public func snapshot() -> KeySnapshot {
        KeySnapshot(published.withLockedValue { $0.sets })
    }

    /// Fetches a tenant's keys because a token asks for a key that is not there.
    ///
    /// - Returns: nil when the tenant is not one of these, or when no fetch may start now and none is under way, so that the answer stands. The future ends,
    ///   never with a failure, when the fetch has ended and its snapshot was handed on.
    public func refreshForUnknownKey(tenant: GUID, on eventLoop: any EventLoop) -> EventLoopFuture<Void>? {
        keepersByTenant[tenant]?.refreshForUnknownKey(on: eventLoop)
    }

    /// One entry a tenant, in the configuration's order.
    public func status() -> [TenantKeyStatus] {
        keepers.map { $0.status() }
    }
}
