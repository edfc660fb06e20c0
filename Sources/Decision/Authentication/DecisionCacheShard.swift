import AccessPolicy
import Entra
import EntraTokens
import OpenSSL
import Timestamps

/// The part of a decision that is cached. It is kept small, because there may be ten thousand.
final class RememberedDecision: Sendable {
    /// The access of a principal.
    let outcome: Decision.Outcome
    let subject: DecisionSubject
    let basis: DecisionCache.Basis
    /// Version of the directory's facts about the principal.
    let watchVersion: UInt64
    /// If the clock is set back, a token that was not valid at that time must not become valid.
    let validFrom: Timestamp
    let validUntil: Timestamp

    init(
        outcome: Decision.Outcome, subject: DecisionSubject, basis: DecisionCache.Basis, watchVersion: UInt64,
        validFrom: Timestamp,
        validUntil: Timestamp
    ) {
        self.outcome = outcome
        self.subject = subject
        self.basis = basis
        self.watchVersion = watchVersion
        self.validFrom = validFrom
        self.validUntil = validUntil
    }

    var decision: Decision {
        var decision = Decision(outcome: outcome)
        decision.subject = subject
        decision.validUntil = validUntil
        decision.watchVersion = watchVersion
        return decision
    }

    /// Estimated memory, its place in the cache included. Configured names are shared and not counted.
    var byteCount: Int {
        guard case .accepted(let access) = outcome else { return 0 }
        let user = access.user
        let facts = user.facts
        // The memory of the arrays. The text of a reason is shared with the configuration.
        let lists = [facts?.adminGroups.count ?? 0, facts?.emergencyReasons.count ?? 0].reduce(0) { sum, count in
            count == 0 ? sum : sum + 32 + count * 16
        }
        return 512 + Self.heapBytes(user.username) + user.namedGroups.count * 16 + user.objectIDGroups.count * 16
            + lists
            + Self.heapBytes(facts?.clientAppID ?? "") + Self.heapBytes(subject.keyID ?? "")
            + Self.heapBytes(subject.tokenID ?? "")
    }

    /// Short strings need no memory of their own.
    private static func heapBytes(_ text: String) -> Int {
        text.utf8.count > 15 ? text.utf8.count + 48 : 0
    }
}

/// One shard of the cache. The oldest entry is evicted first.
struct DecisionCacheShard: Sendable {
    private struct Slot {
        var decision: RememberedDecision
        var end: Timestamp
        var bytes: Int
        /// Number of its insertion: the queue uses it to tell this entry from an earlier one with the same digest.
        var serial: UInt64
    }

    /// A shard's part of the cache's limits.
    struct Limits: Hashable, Sendable {
        /// Largest number of entries in the shard.
        let entries: Int
        /// Largest estimated memory of the shard, in bytes.
        let bytes: Int
        /// In seconds.
        let maximumAge: Int64

        /// - Parameters:
        ///   - limits: of the whole cache.
        ///   - bytes: of the whole cache; nil for 2 KiB per entry.
        ///   - count: the number of shards.
        init(_ limits: DecisionCache.Limits, bytes: Int?, of count: Int) {
            let all = max(0, limits.entries)
            entries = all / count
            self.bytes = (bytes ?? all * 2048) / count
            maximumAge = limits.maximumAge.components.seconds
        }
    }

    private var limits: Limits
    private var slots: [SHA256Digest: Slot] = [:]
    private var queue: [(digest: SHA256Digest, serial: UInt64)] = []
    private var oldest = 0
    private var serial: UInt64 = 0
    private(set) var bytes = 0

    init(limits: Limits) { self.limits = limits }

    var count: Int { slots.count }

    mutating func update(_ limits: Limits) {
        if limits != self.limits { self = DecisionCacheShard(limits: limits) }
    }

    /// The cached decision, if it is still valid. An entry that can never be valid again is dropped at once.
    mutating func find(_ digest: SHA256Digest, basis: DecisionCache.Basis, now: Timestamp) -> RememberedDecision? {
        guard let slot = slots[digest] else { return nil }
        guard now < slot.end else {
            remove(digest)
            return nil
        }
        // Another event loop may still use older settings. It must not remove an entry that was made with newer ones.
        guard slot.decision.basis == basis, now >= slot.decision.validFrom else { return nil }
        return slot.decision
    }

    mutating func insert(_ decision: RememberedDecision, for digest: SHA256Digest, now: Timestamp) {
        let end = min(decision.validUntil, now.adding(seconds: limits.maximumAge))
        let size = decision.byteCount
        remove(digest)
        guard now < end, limits.entries > 0, size <= limits.bytes else { return }
        while slots.count >= limits.entries || bytes + size > limits.bytes {
            guard removeOldest() else { return }
        }
        serial += 1
        slots[digest] = Slot(decision: decision, end: end, bytes: size, serial: serial)
        bytes += size
        queue.append((digest, serial))
        compactQueue()
    }

    mutating func removeEnded(now: Timestamp) {
        let ended = slots.compactMap { now >= $0.value.end ? $0.key : nil }
        for digest in ended { remove(digest) }
        compactQueue()
        // Frees memory after a peak.
        if slots.count * 4 < slots.capacity, slots.capacity > 64 {
            slots = Dictionary(uniqueKeysWithValues: slots.map { ($0.key, $0.value) })
        }
    }

    private mutating func remove(_ digest: SHA256Digest) {
        if let slot = slots.removeValue(forKey: digest) { bytes -= slot.bytes }
    }

    /// False if there is no entry.
    private mutating func removeOldest() -> Bool {
        guard oldest < queue.count else { return false }
        let (digest, serial) = queue[oldest]
        oldest += 1
        if slots[digest]?.serial == serial { remove(digest) }
        return true
    }

    /// The queue still lists entries that were removed or inserted again. It is rebuilt from time to time.
    private mutating func compactQueue() {
        guard queue.count > 64, queue.count > slots.count * 2 else { return }
        queue = queue[oldest...].filter { slots[$0.digest]?.serial == $0.serial }
        oldest = 0
    }
}
