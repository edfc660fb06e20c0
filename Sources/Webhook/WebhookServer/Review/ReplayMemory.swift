import NIOConcurrencyHelpers
import OpenSSL
import Timestamps

/// Proofs of possession that were taken and could be sent again.
///
/// Shared by all event loops, since the second use may arrive on another; only genuine envelopes reach it.
final class ReplayMemory: Sendable {
    enum Outcome: Equatable {
        case firstUse
        case replayed
        /// Forgetting one that is still valid would be unsafe.
        case full
    }

    private struct State {
        var expirations: [SHA256Digest: Timestamp] = [:]
        var cleaned = Timestamp(secondsSinceEpoch: .min)
    }

    private let capacity: Int
    private let state = NIOLockedValueBox(State())

    init(capacity: Int = 100_000) {
        self.capacity = capacity
    }

    func remember(_ digest: SHA256Digest, until expires: Timestamp, now: Timestamp) -> Outcome {
        state.withLockedValue { state in
            if let known = state.expirations[digest], known >= now { return .replayed }
            // Rarely, since looking through all of them holds up every event loop.
            let interval: Int64 = state.expirations.count >= capacity ? 1 : 60
            if now.seconds(since: state.cleaned) >= interval {
                state.expirations = state.expirations.filter { $0.value >= now }
                state.cleaned = now
            }
            guard state.expirations.count < capacity else { return .full }
            state.expirations[digest] = expires
            return .firstUse
        }
    }
}
