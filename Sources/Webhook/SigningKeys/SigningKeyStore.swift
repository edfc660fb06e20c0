public import Entra
public import EntraTokens
import Glibc
public import Logging
import NIOConcurrencyHelpers
public import NIOCore
public import Timestamps

/// One tenant's keys: whose they are, and how they are fetched and stored.
public struct SigningKeyConfiguration: Sendable {
    /// The tenant, its cloud and its sign-in address.
    public var trust: TokenValidationRules
    /// The tenant's `signingKeys` in the configuration.
    public var settings: SigningKeySettings
    /// Largest number of reviews that wait for one fetch. Others are answered with the known keys, so that a flood of
    /// unknown key IDs leaves room.
    public var maximumWaiters = 2048
    /// The proxy of the fetches, for people.
    public var proxyName: String?
    /// The file with the CA of the authority's certificate; nil for the system's authorities.
    public var authorityCA: String?
    /// Fetches the keys of one token version. The future fails with a ``KeyFetchError``.
    public var fetch: @Sendable (TokenVersion, any EventLoop) -> EventLoopFuture<FetchedKeySet>

    public init(
        trust: TokenValidationRules,
        settings: SigningKeySettings,
        fetch: @escaping @Sendable (TokenVersion, any EventLoop) -> EventLoopFuture<FetchedKeySet>
    ) {
        self.trust = trust
        self.settings = settings
        self.fetch = fetch
    }
}

/// What the store reports to metrics.
public enum SigningKeyEvent: Sendable {
    case refreshed(tenant: GUID, result: String)
    case keys(tenant: GUID, count: Int)
    case lastSuccess(tenant: GUID, Timestamp)
    /// When the keys of the offline file were fetched; nil if there is no such file.
    case fileFetched(tenant: GUID, Timestamp?)
}

/// Clock and randomness as parameters.
public struct SigningKeyEnvironment: Sendable {
    /// The time of day, for the age of keys.
    public var now: @Sendable () -> Timestamp
    /// A clock that is never set, for intervals and the age of keys. It goes on while the machine sleeps.
    public var uptime: @Sendable () -> NIODeadline
    /// A number from 0 to 1.
    public var random: @Sendable () -> Double

    /// The system's clocks and generator by default.
    public init(
        now: @escaping @Sendable () -> Timestamp = { .now() },
        uptime: @escaping @Sendable () -> NIODeadline = { .sinceBoot() },
        random: @escaping @Sendable () -> Double = { .random(in: 0...1) }
    ) {
        self.now = now
        self.uptime = uptime
        self.random = random
    }
}

extension NIODeadline {
    /// Time since the machine started. `now()` leaves out the time in which it slept.
    @usableFromInline
    static func sinceBoot() -> NIODeadline {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return .uptimeNanoseconds(UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec))
    }
}

/// The signing keys of all tenants: fetched, refreshed, stored, and published as one snapshot on each change.
public final class SigningKeyStore: Sendable {
    /// In the order of the configurations.
    private let keySets: [RemoteKeySet]
    private let keySetsByTenant: [GUID: RemoteKeySet]
    private let eventLoop: any EventLoop
    private let published = NIOLockedValueBox(Published())
    private let onChange: @Sendable (KeySnapshot) -> Void

    private struct Published {
        var sets: [GUID: TenantKeySet] = [:]
        /// Whether snapshots are published. Before the start, keys are carried over tenant by tenant, and a snapshot
        /// would lack those of the others.
        var isStarted = false
    }

    /// - Parameters:
    ///   - eventLoop: where fetches and timers run; not one that answers requests.
    ///   - onChange: receives each new snapshot before anybody who waits for it continues. ``start()`` first passes one
    ///     with everything that was carried over.
    public init(
        configurations: [SigningKeyConfiguration],
        eventLoop: any EventLoop,
        environment: SigningKeyEnvironment = SigningKeyEnvironment(),
        logger: Logger,
        observe: @escaping @Sendable (SigningKeyEvent) -> Void = { _ in },
        onChange: @escaping @Sendable (KeySnapshot) -> Void
    ) {
        self.onChange = onChange
        self.eventLoop = eventLoop
        keySets = configurations.map { configuration in
            RemoteKeySet(
                configuration: configuration, eventLoop: eventLoop, environment: environment, logger: logger,
                observe: observe)
        }
        // A configuration names each tenant once.
        keySetsByTenant = Dictionary(keySets.map { ($0.tenantID, $0) }, uniquingKeysWith: { first, _ in first })
        for keySet in keySets {
            keySet.whenChanged { [tenantID = keySet.tenantID, published, onChange] set in
                let sets = published.withLockedValue { published in
                    published.sets[tenantID] = set
                    return published.isStarted ? published.sets : nil
                }
                if let sets { onChange(KeySnapshot(sets)) }
            }
        }
    }

    /// Takes over the keys of another store for the same tenants and authorities. Must be called before ``start()``.
    public func carryOver(from other: SigningKeyStore) {
        for keySet in keySets {
            for former in other.keySets { keySet.carryOver(from: former) }
        }
    }

    /// Reads cache and key files at once, then starts to fetch.
    public func start() {
        // Key files are read at once, and no review waits for them: the first snapshot has their keys.
        for keySet in keySets where keySet.isOffline { keySet.start() }
        let sets = published.withLockedValue { published in
            published.isStarted = true
            return published.sets
        }
        // One snapshot of these and of the carried-over keys. From now on, each tenant's keys are published before it
        // counts as ready.
        onChange(KeySnapshot(sets))
        for keySet in keySets where !keySet.isOffline { keySet.start() }
    }

    /// Ends fetches and timers; the keys stay.
    public func stop() {
        for keySet in keySets { keySet.stop() }
    }

    /// Checks at once whether key files have changed.
    public func reloadFiles() {
        // On the store's own event loop, so that snapshots are published in order.
        eventLoop.execute { [keySets] in
            for keySet in keySets { keySet.reloadFile() }
        }
    }

    /// Changes how many reviews may wait for each tenant's keys. Those that wait already stay.
    public func limitWaiters(to maximum: Int) {
        for keySet in keySets { keySet.limitWaiters(to: maximum) }
    }

    /// The current keys of all tenants.
    public func snapshot() -> KeySnapshot {
        KeySnapshot(published.withLockedValue { $0.sets })
    }

    /// Fetches a tenant's keys, because a token names an unknown key.
    ///
    /// - Returns: nil if the tenant is unknown, or if no fetch is running and none may start now; the answer then
    ///   stands. The future never fails. It completes when the fetch has ended and its snapshot was published.
    public func refreshForUnknownKey(tenant: GUID, on eventLoop: any EventLoop) -> EventLoopFuture<Void>? {
        keySetsByTenant[tenant]?.refreshForUnknownKey(on: eventLoop)
    }

    /// One entry for each tenant, in the configuration's order.
    public func status() -> [TenantKeyStatus] {
        keySets.map { $0.status() }
    }
}
