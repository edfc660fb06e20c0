import Authentication
import Entra
import NIOConcurrencyHelpers
import OpenSSL
import Timestamps

/// Proofs of possession that were accepted and could be sent again.
///
/// All event loops share it, because the second use may arrive on another one. Only genuine proofs reach it. Each key
/// has a share, so that one client's many sign-ins do not lock out others. When all places are used, the principals
/// with the most proofs lose theirs: only the time of their newest proof is kept, and only newer proofs are accepted
/// from them. So a newcomer always finds a place, and no proof is accepted twice.
final class ReplayCache: Sendable {
    enum Outcome: Equatable {
        case firstUse
        case replayed
        /// The key has used up its share for the time in which proofs are remembered.
        case shareUsedUp
        /// The principal's proofs were dropped for lack of room, and this one is not newer than they were.
        case mayBeUsed
        /// There are more principals than places.
        case full
    }

    /// Whose proofs they are.
    struct Holder: Hashable {
        var tenantID: GUID?
        var objectID: GUID?

        init(_ subject: DecisionSubject) { (tenantID, objectID) = (subject.tenantID, subject.objectID) }
    }

    /// Number of proofs that one key may use while they are remembered.
    static let defaultShare = 1000

    private let capacity: Int
    private let share: Int
    private let state = NIOLockedValueBox(State())

    init(capacity: Int = 100_000, share: Int = defaultShare) {
        self.capacity = capacity
        self.share = share
    }

    /// How many proofs are remembered one by one.
    var count: Int { state.withLockedValue { $0.count } }

    /// Stores a proof, or says why it must not be accepted.
    func remember(_ use: ProofUse, of subject: DecisionSubject, now: Timestamp) -> Outcome {
        let holder = Holder(subject)
        return state.withLockedValue { state in
            if state.isUsed(use, by: holder, now: now) { return .replayed }
            // Rarely, because a full scan delays every event loop.
            let interval: Int64 = state.count >= capacity ? 1 : 60
            if now.seconds(since: state.cleaned) >= interval { state.clean(now) }
            guard state.holders[holder] != nil || state.holders.count < capacity else { return .full }
            guard state.isNew(use, by: holder, now: now) else { return .mayBeUsed }
            guard state.hasShare(use.key, of: holder, share: share, now: now) else { return .shareUsedUp }
            if state.count >= capacity {
                state.forgetLargest(leaving: capacity - max(1, capacity / 8))
                guard state.isNew(use, by: holder, now: now) else { return .mayBeUsed }
            }
            state.insert(use, by: holder)
            return .firstUse
        }
    }
}

/// Proofs of one key, with the time until which each is remembered.
private struct Uses {
    var expirations: [SHA256Digest: Timestamp] = [:]
    var cleaned = Timestamp(secondsSinceEpoch: .min)

    /// Drops expired proofs. Returns how many were dropped.
    mutating func clean(_ now: Timestamp) -> Int {
        cleaned = now
        let before = expirations.count
        expirations = expirations.filter { $0.value >= now }
        return before - expirations.count
    }
}

/// What is known of one principal's proofs.
private struct Holdings {
    var keys: [SHA256Digest: Uses] = [:]
    var count = 0
    /// When the newest of the proofs was made, and until when the last of them could be sent again.
    var newest = Timestamp(secondsSinceEpoch: .min)
    var end = Timestamp(secondsSinceEpoch: .min)
    /// Proofs that were made up to this time count as used, because they were dropped; nil if none were.
    var forgotten: Timestamp?

    mutating func forget() {
        forgotten = newest
        keys = [:]
        count = 0
    }

    /// Drops expired proofs. Returns how many were dropped.
    mutating func clean(_ now: Timestamp) -> Int {
        var gone = 0
        for key in keys.keys {
            gone += keys[key]?.clean(now) ?? 0
            if keys[key]?.expirations.isEmpty == true { keys[key] = nil }
        }
        count -= gone
        return gone
    }
}

private struct State {
    var holders: [ReplayCache.Holder: Holdings] = [:]
    var count = 0
    var cleaned = Timestamp(secondsSinceEpoch: .min)

    func isUsed(_ use: ProofUse, by holder: ReplayCache.Holder, now: Timestamp) -> Bool {
        holders[holder]?.keys[use.key]?.expirations[use.digest].map { $0 >= now } ?? false
    }

    /// Whether the proof is newer than all dropped proofs of the principal that could still be sent again.
    func isNew(_ use: ProofUse, by holder: ReplayCache.Holder, now: Timestamp) -> Bool {
        guard let holdings = holders[holder], let forgotten = holdings.forgotten else { return true }
        return use.made > forgotten || holdings.end < now
    }

    /// Whether the key has places left in its share. Looks for expired ones once a second at most.
    mutating func hasShare(_ key: SHA256Digest, of holder: ReplayCache.Holder, share: Int, now: Timestamp) -> Bool {
        guard let uses = holders[holder]?.keys[key], uses.expirations.count >= share else { return true }
        guard uses.cleaned != now else { return false }
        let gone = holders[holder]?.keys[key]?.clean(now) ?? 0
        holders[holder]?.count -= gone
        count -= gone
        return (holders[holder]?.keys[key]?.expirations.count ?? 0) < share
    }

    mutating func insert(_ use: ProofUse, by holder: ReplayCache.Holder) {
        // In place, because a value that is taken out and put back is copied.
        let isAdded = holders[holder, default: Holdings()].insert(use)
        if isAdded { count += 1 }
    }

    mutating func clean(_ now: Timestamp) {
        cleaned = now
        for holder in holders.keys {
            count -= holders[holder]?.clean(now) ?? 0
            if let holdings = holders[holder], holdings.count == 0, holdings.forgotten == nil || holdings.end < now {
                holders[holder] = nil
            }
        }
    }

    /// Forgets the proofs of those that hold the most, until no more than `limit` are left.
    mutating func forgetLargest(leaving limit: Int) {
        for holder in holders.keys.sorted(by: { holders[$0]?.count ?? 0 > holders[$1]?.count ?? 0 }) {
            guard count > limit else { return }
            count -= holders[holder]?.count ?? 0
            holders[holder]?.forget()
        }
    }
}

extension Holdings {
    /// Stores a proof. False if it was stored already, but had expired.
    fileprivate mutating func insert(_ use: ProofUse) -> Bool {
        newest = max(newest, use.made)
        end = max(end, use.expires)
        guard keys[use.key, default: Uses()].expirations.updateValue(use.expires, forKey: use.digest) == nil else {
            return false
        }
        count += 1
        return true
    }
}
