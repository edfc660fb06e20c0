import Authentication
import NIOConcurrencyHelpers
import OpenSSL
import Timestamps

/// Proofs of possession that were accepted and could be sent again.
///
/// All event loops share it, because the second use may arrive on another one. Only genuine proofs reach it. Each key
/// has a share, so that one client's many sign-ins do not lock out others.
final class ReplayCache: Sendable {
    enum Outcome: Equatable {
        case firstUse
        case replayed
        /// The key has used up its share for the time in which proofs are remembered.
        case shareUsedUp
        /// Dropping a proof that is still valid would be unsafe.
        case full
    }

    /// Proofs of one key, with the time until which each is remembered.
    private struct Uses {
        var expirations: [SHA256Digest: Timestamp] = [:]
        var cleaned = Timestamp(secondsSinceEpoch: .min)

        /// Drops expired proofs, at most once a second. Returns how many were dropped.
        mutating func clean(_ now: Timestamp) -> Int {
            guard now != cleaned else { return 0 }
            cleaned = now
            let before = expirations.count
            expirations = expirations.filter { $0.value >= now }
            return before - expirations.count
        }
    }

    private struct State {
        var keys: [SHA256Digest: Uses] = [:]
        var count = 0
        var cleaned = Timestamp(secondsSinceEpoch: .min)

        mutating func clean(_ now: Timestamp) {
            cleaned = now
            keys = keys.compactMapValues { uses in
                let expirations = uses.expirations.filter { $0.value >= now }
                return expirations.isEmpty ? nil : Uses(expirations: expirations)
            }
            count = keys.values.reduce(0) { $0 + $1.expirations.count }
        }
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

    /// Stores a proof, or says why it must not be accepted.
    func remember(_ use: ProofUse, now: Timestamp) -> Outcome {
        state.withLockedValue { state in
            if let known = state.keys[use.key]?.expirations[use.digest], known >= now { return .replayed }
            // Rarely, because a full scan delays every event loop.
            let interval: Int64 = state.count >= capacity ? 1 : 60
            if now.seconds(since: state.cleaned) >= interval { state.clean(now) }
            var uses = state.keys[use.key] ?? Uses()
            if uses.expirations.count >= share { state.count -= uses.clean(now) }
            defer { state.keys[use.key] = uses }
            guard uses.expirations.count < share else { return .shareUsedUp }
            guard state.count < capacity else { return .full }
            if uses.expirations.updateValue(use.expires, forKey: use.digest) == nil { state.count += 1 }
            return .firstUse
        }
    }
}
