import Authentication
import Entra
import NIOConcurrencyHelpers
import NIOCore
import OpenSSL
import Timestamps

/// Proofs of possession that were accepted and could be sent again.
///
/// All event loops share it, because the second use may arrive on another one. Only genuine proofs reach it. Each key
/// has a share, so that one client's many sign-ins do not lock out others. When all places are used, the principals
/// with the most proofs lose theirs: only the time of their newest proof is kept, and only newer proofs are accepted
/// from them. So a newcomer always finds a place, and no proof is accepted twice.
///
/// Nor is it accepted twice when the time of day is set back, by any amount. Proofs are remembered by the uptime, for
/// as long as the time of day said when they were used. Of what is dropped then, the newest time is kept too: it is
/// older than any proof that would still be accepted, unless the clock was set back.
final class ReplayCache: Sendable {
    enum Outcome: Equatable {
        case firstUse
        case replayed
        /// The key has used up its share for the time in which proofs are remembered.
        case shareUsedUp
        /// The proof is not newer than others that are no longer remembered one by one.
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
    /// How long a principal without proofs keeps a time of its own. Afterwards it counts for everybody.
    fileprivate static let markTime = TimeAmount.hours(24)

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
    ///
    /// - Parameters:
    ///   - now: the time of day, by which the proof was found fresh.
    ///   - uptime: the same moment on the clock that is never set.
    func remember(_ use: ProofUse, of subject: DecisionSubject, now: Timestamp, uptime: NIODeadline) -> Outcome {
        let holder = Holder(subject)
        return state.withLockedValue { state in
            if state.isUsed(use, by: holder, uptime: uptime) { return .replayed }
            // Rarely, because a full scan delays every event loop.
            let isFull = state.count >= capacity || state.holders.count >= capacity
            if uptime - state.cleaned >= .seconds(isFull ? 1 : 60) {
                state.clean(uptime, markTime: isFull ? .zero : Self.markTime)
            }
            guard state.holders[holder] != nil || state.holders.count < capacity else { return .full }
            guard state.isNew(use, by: holder) else { return .mayBeUsed }
            guard state.hasShare(use.key, of: holder, share: share, uptime: uptime) else { return .shareUsedUp }
            if state.count >= capacity { state.forgetLargest(leaving: capacity - max(1, capacity / 8)) }
            // Proofs of the principal itself may be among those that were dropped.
            guard state.isNew(use, by: holder) else { return .mayBeUsed }
            let left = max(0, use.expires.seconds(since: now))
            state.insert(use, by: holder, until: uptime + .seconds(left))
            return .firstUse
        }
    }
}

/// A time before every proof.
private let never = Timestamp(secondsSinceEpoch: .min)

/// Proofs of one key.
private struct Uses {
    struct Stored {
        var made: Timestamp
        /// How long it is remembered.
        var until: NIODeadline
    }

    var proofs: [SHA256Digest: Stored] = [:]
    var cleaned = NIODeadline.uptimeNanoseconds(0)

    /// Drops expired proofs. Returns how many were dropped, and when the newest of them was made.
    mutating func clean(_ uptime: NIODeadline) -> (count: Int, newest: Timestamp) {
        cleaned = uptime
        let before = proofs.count
        var newest = never
        proofs = proofs.filter { proof in
            if proof.value.until >= uptime { return true }
            newest = max(newest, proof.value.made)
            return false
        }
        return (before - proofs.count, newest)
    }
}

/// What is known of one principal's proofs.
private struct Holdings {
    var keys: [SHA256Digest: Uses] = [:]
    var count = 0
    /// When the newest of the proofs was made, and until when the last of them is remembered.
    var newest = never
    var end = NIODeadline.uptimeNanoseconds(0)
    /// Proofs that were made up to this time count as used: some of them were dropped.
    var forgotten = never

    /// Stores a proof. Returns how many more proofs there are.
    mutating func insert(_ use: ProofUse, until: NIODeadline) -> Int {
        newest = max(newest, use.made)
        end = max(end, until)
        let stored = Uses.Stored(made: use.made, until: until)
        guard let former = keys[use.key, default: Uses()].proofs.updateValue(stored, forKey: use.digest) else {
            count += 1
            return 1
        }
        forgotten = max(forgotten, former.made)
        return 0
    }

    mutating func forget() {
        forgotten = max(forgotten, newest)
        keys = [:]
        count = 0
    }

    /// Drops expired proofs. Returns how many were dropped.
    mutating func clean(_ uptime: NIODeadline) -> Int {
        var gone = 0
        for key in keys.keys {
            gone += clean(key, uptime)
            if keys[key]?.proofs.isEmpty == true { keys[key] = nil }
        }
        return gone
    }

    /// Drops expired proofs of one key. Returns how many were dropped.
    mutating func clean(_ key: SHA256Digest, _ uptime: NIODeadline) -> Int {
        guard let gone = keys[key]?.clean(uptime) else { return 0 }
        count -= gone.count
        forgotten = max(forgotten, gone.newest)
        return gone.count
    }
}

private struct State {
    var holders: [ReplayCache.Holder: Holdings] = [:]
    var count = 0
    var cleaned = NIODeadline.uptimeNanoseconds(0)
    /// Like ``Holdings/forgotten``, of principals that are not known any more.
    var forgotten = never

    func isUsed(_ use: ProofUse, by holder: ReplayCache.Holder, uptime: NIODeadline) -> Bool {
        guard let stored = holders[holder]?.keys[use.key]?.proofs[use.digest] else { return false }
        // A nonce may be used again later, in a newer proof.
        return stored.until >= uptime || use.made <= stored.made
    }

    /// Whether the proof is newer than all dropped proofs of the principal.
    func isNew(_ use: ProofUse, by holder: ReplayCache.Holder) -> Bool {
        use.made > max(forgotten, holders[holder]?.forgotten ?? never)
    }

    /// Whether the key has places left in its share. Looks for expired ones once a second at most.
    mutating func hasShare(
        _ key: SHA256Digest, of holder: ReplayCache.Holder, share: Int, uptime: NIODeadline
    ) -> Bool {
        guard let uses = holders[holder]?.keys[key], uses.proofs.count >= share else { return true }
        guard uptime - uses.cleaned >= .seconds(1) else { return false }
        count -= holders[holder]?.clean(key, uptime) ?? 0
        return (holders[holder]?.keys[key]?.proofs.count ?? 0) < share
    }

    mutating func insert(_ use: ProofUse, by holder: ReplayCache.Holder, until: NIODeadline) {
        // In place, because a value that is taken out and put back is copied.
        count += holders[holder, default: Holdings()].insert(use, until: until)
    }

    mutating func clean(_ uptime: NIODeadline, markTime: TimeAmount) {
        cleaned = uptime
        for holder in holders.keys {
            count -= holders[holder]?.clean(uptime) ?? 0
            guard let holdings = holders[holder], holdings.count == 0, holdings.end + markTime < uptime else {
                continue
            }
            forgotten = max(forgotten, holdings.forgotten)
            holders[holder] = nil
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
