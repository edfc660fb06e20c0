internal import AccessPolicy
public import EntraTokens
internal import Glibc
internal import OpenSSL
internal import Synchronization
public import Timestamps

/// Remembers accepted tokens by their digest, for all event loops together: an API server sends the same token over
/// whichever of its connections is free.
///
/// An entry is used only with the settings and keys that it rests on, and before anything that depends on time changes,
/// so that the answer is the one that ``Authenticator/decide(_:keys:now:resolvedGroups:)`` would give. Whatever else a
/// decision comes to depend on must be a part of the settings (a deny list is), or of ``Basis``; an end in time
/// belongs into ``Decision/validUntil``.
///
/// The memory is bounded in bytes. It is divided into shards by digest, each with a lock of its own that is held for a
/// look-up or an insertion, never while anything is decided.
public final class DecisionCache: Sendable {
    /// Decisions with more groups from the directory are not kept: a token lists 200 at most, a directory 20,000.
    static let maximumResolvedGroups = 1000
    private static let shardCount = 16

    /// How much is remembered, and for how long.
    public struct Limits: Hashable, Sendable {
        public var entries: Int
        public var bytes: Int
        /// Seconds.
        public var maximumAge: Int64

        /// - Parameter bytes: by default 2 KiB for each entry: one of a principal with 20 groups needs 1.5.
        public init(entries: Int, bytes: Int? = nil, maximumAge: Int64) {
            self.entries = max(0, entries)
            self.bytes = bytes ?? self.entries * 2048
            self.maximumAge = maximumAge
        }
    }

    /// What a decision rests on beside the token and the time. Another of these, and it is made again.
    struct Basis: Hashable, Sendable {
        var settings: SnapshotIdentity
        var keys: SnapshotIdentity
    }

    /// A part of the cache behind a lock of its own.
    ///
    /// The lock is the system's, because the thread sanitizer knows that one and takes the standard library's for none.
    private final class Shard: @unchecked Sendable {
        // Touched only while the lock is held, which is why this is Sendable.
        private var state: DecisionCacheShard
        private let lock: UnsafeMutablePointer<pthread_mutex_t>

        init(_ limits: Limits) {
            state = DecisionCacheShard(limits: limits)
            lock = .allocate(capacity: 1)
            lock.initialize(to: pthread_mutex_t())
            pthread_mutex_init(lock, nil)
        }

        deinit {
            pthread_mutex_destroy(lock)
            lock.deallocate()
        }

        func withLock<Result>(_ body: (inout DecisionCacheShard) -> Result) -> Result {
            pthread_mutex_lock(lock)
            defer { pthread_mutex_unlock(lock) }
            return body(&state)
        }

        /// Nil when somebody else holds the lock.
        func withLockIfAvailable<Result>(_ body: (inout DecisionCacheShard) -> Result) -> Result? {
            guard pthread_mutex_trylock(lock) == 0 else { return nil }
            defer { pthread_mutex_unlock(lock) }
            return body(&state)
        }
    }

    private let shards: [Shard]
    private let isEnabled: Atomic<Bool>
    private let contentionCount = Atomic<Int>(0)
    private let nextSweep = Atomic<Int>(0)

    public init(_ limits: Limits) {
        // A cache that is small anyway keeps exactly what it may.
        let count = limits.entries < Self.shardCount * 64 ? 1 : Self.shardCount
        shards = (0..<count).map { _ in Shard(Self.share(limits, of: count)) }
        isEnabled = Atomic(limits.entries > 0)
    }

    private static func share(_ limits: Limits, of count: Int) -> Limits {
        Limits(entries: limits.entries / count, bytes: limits.bytes / count, maximumAge: limits.maximumAge)
    }

    /// From now on no more is remembered than that. What was remembered is forgotten when the limits changed.
    public func update(_ limits: Limits) {
        isEnabled.store(limits.entries > 0, ordering: .relaxed)
        let share = Self.share(limits, of: shards.count)
        for shard in shards { shard.withLock { $0.update(share) } }
    }

    /// Decides as the authenticator does, and faster for a token seen before.
    ///
    /// - Parameter resolved: the directory's answer for a principal with group overage, once it was asked. The decision
    ///   is remembered no longer than the answer is fresh.
    public func decide(
        _ token: HashedToken,
        by authenticator: Authenticator,
        keys: KeySnapshot,
        now: Timestamp,
        resolved: ResolvedGroups? = nil,
        watch: WatchFacts? = nil
    ) -> (decision: Decision, isHit: Bool) {
        let basis = Basis(settings: authenticator.identity, keys: keys.identity)
        let isEnabled = isEnabled.load(ordering: .relaxed)
        if isEnabled, resolved == nil, let known = find(token.digest, basis: basis, now: now),
            known.watchVersion == watch?.version(known.subject) ?? 0
        {
            return (known.decision, true)
        }
        let decision = authenticator.decide(token, keys: keys, now: now, resolvedGroups: resolved?.groups, watch: watch)
        let isSmall = (resolved?.groups.count ?? 0) <= Self.maximumResolvedGroups
        // What is true only for want of the directory's answer, or of one envelope, is not remembered.
        let isWhole = decision.proofUse == nil && decision.groupResolution == nil && !decision.awaitsFirstAnswer
        if isEnabled, let access = decision.access, isWhole, isSmall {
            let end = resolved.map { min(decision.validUntil, $0.freshUntil) } ?? decision.validUntil
            let entry = RememberedDecision(
                access: access, subject: decision.subject, basis: basis, watchVersion: decision.watchVersion,
                validFrom: now,
                validUntil: end)
            withShard(token.digest) { $0.insert(entry, for: token.digest, now: now) }
        }
        return (decision, false)
    }

    private func find(_ digest: SHA256Digest, basis: Basis, now: Timestamp) -> RememberedDecision? {
        withShard(digest) { $0.find(digest, basis: basis, now: now) }
    }

    private func withShard<Result: Sendable>(
        _ digest: SHA256Digest, _ body: (inout DecisionCacheShard) -> Result
    ) -> Result {
        let shard = shards[Int(digest.firstWord % UInt64(shards.count))]
        let result = shard.withLockIfAvailable { body(&$0) }
        if let result { return result }
        contentionCount.add(1, ordering: .relaxed)
        return shard.withLock { body(&$0) }
    }

    /// Forgets what has ended in the next shard. Called now and then, it keeps nothing for long that is of no use.
    public func sweep(now: Timestamp) {
        let turn = nextSweep.wrappingAdd(1, ordering: .relaxed).oldValue
        let shard = shards[Int(UInt(bitPattern: turn) % UInt(shards.count))]
        shard.withLock { $0.removeEnded(now: now) }
    }

    /// How many tokens are remembered.
    public var count: Int { shards.reduce(0) { sum, shard in sum + shard.withLock { $0.count } } }

    /// About how many bytes that takes.
    public var byteCount: Int { shards.reduce(0) { sum, shard in sum + shard.withLock { $0.bytes } } }

    /// How often an event loop found a shard in use by another.
    public var contentions: Int { contentionCount.load(ordering: .relaxed) }
}
