import AccessPolicy
import Entra
public import EntraTokens
import Glibc
import OpenSSL
import Synchronization
public import Timestamps

/// Caches accepted tokens by their digest, for all event loops: an API server sends the same token over any of its
/// connections.
///
/// An entry is used only with the settings and keys that it was decided with, and only until its answer could change
/// with time. The result is therefore always the one of ``Authenticator/decide(_:keys:now:resolvedGroups:watch:)``. Any
/// new input of a decision must become a part of the settings, as deny lists are, or of ``Basis``. Any new end in time
/// belongs in ``Decision/validUntil``.
///
/// The cache is bounded in bytes. It is divided into shards by digest. Each shard has its own lock, which is held for a
/// look-up or an insertion and never during a decision.
public final class DecisionCache: Sendable {
    /// Decisions with more groups from the directory are not cached: a token lists at most 200, a directory up to
    /// 20,000.
    static let maximumResolvedGroups = 1000
    private static let shardCount = 16

    /// How much is cached, and for how long.
    public struct Limits: Hashable, Sendable {
        /// Largest number of tokens, for all event loops together; 0 turns the cache off.
        public var entries: Int
        /// Longest time that an entry is used.
        public var maximumAge: Duration

        /// Limits; those that are left out have their defaults.
        public init(entries: Int = 10_000, maximumAge: Duration = .seconds(600)) {
            self.entries = entries
            self.maximumAge = maximumAge
        }
    }

    /// What a decision depends on besides the token and the time. If any of it changes, the decision is made again.
    struct Basis: Hashable, Sendable {
        var settings: SnapshotIdentity
        var keys: SnapshotIdentity
    }

    /// One part of the cache with its own lock.
    ///
    /// It is the system's lock, because the thread sanitizer does not recognize the standard library's.
    private final class Shard: @unchecked Sendable {
        // Accessed only while the lock is held, which makes this class Sendable.
        private var state: DecisionCacheShard
        private let lock: UnsafeMutablePointer<pthread_mutex_t>

        init(_ limits: DecisionCacheShard.Limits) {
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
    }

    private let shards: [Shard]
    private let isEnabled: Atomic<Bool>
    private let nextSweep = Atomic<Int>(0)

    /// An empty cache with these limits.
    ///
    /// - Parameter bytes: the largest amount of memory, estimated; nil for 2 KiB per entry. An entry with 20 groups
    ///   needs 1.25 KiB.
    public init(_ limits: Limits, bytes: Int? = nil) {
        // A small cache is not divided, so that it can use its limits exactly.
        let count = limits.entries < Self.shardCount * 64 ? 1 : Self.shardCount
        shards = (0..<count).map { _ in Shard(.init(limits, bytes: bytes, of: count)) }
        isEnabled = Atomic(limits.entries > 0)
    }

    /// Changes the limits. If they differ, all entries are dropped.
    public func update(_ limits: Limits) {
        isEnabled.store(limits.entries > 0, ordering: .relaxed)
        let share = DecisionCacheShard.Limits(limits, bytes: nil, of: shards.count)
        for shard in shards { shard.withLock { $0.update(share) } }
    }

    /// Decides like the authenticator, but faster for a token that was seen before.
    ///
    /// - Parameter resolved: the directory's answer for a principal with group overage. The decision is not cached for
    ///   longer than that answer is fresh.
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
        // A decision that lacks the directory's answer, or that depends on one proof, is not cached.
        let isWhole = decision.proofUse == nil && decision.groupResolution == nil && !decision.awaitsFirstAnswer
        if isEnabled, case .accepted = decision.outcome, isWhole, isSmall {
            let end = resolved.map { min(decision.validUntil, $0.freshUntil) } ?? decision.validUntil
            let entry = RememberedDecision(
                outcome: decision.outcome, subject: decision.subject, basis: basis, watchVersion: decision.watchVersion,
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
        return shard.withLock { body(&$0) }
    }

    /// Drops expired entries of the next shard. Called regularly, it frees memory that is of no more use.
    public func sweep(now: Timestamp) {
        let turn = nextSweep.wrappingAdd(1, ordering: .relaxed).oldValue
        let shard = shards[Int(UInt(bitPattern: turn) % UInt(shards.count))]
        shard.withLock { $0.removeEnded(now: now) }
    }

    /// Number of cached tokens.
    public var count: Int { shards.reduce(0) { sum, shard in sum + shard.withLock { $0.count } } }

    /// Estimated memory of all entries, in bytes.
    public var byteCount: Int { shards.reduce(0) { sum, shard in sum + shard.withLock { $0.bytes } } }
}
