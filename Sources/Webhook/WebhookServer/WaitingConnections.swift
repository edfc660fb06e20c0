import NIOConcurrencyHelpers
import NIOCore

/// Connections that are not served yet, over all event loops: a budget in which the oldest makes room for the newest.
///
/// Anybody who reaches the port can open connections and leave them idle. If new connections were rejected while these
/// fill the budget, kube-apiserver would be locked out: it opens new connections, which need only milliseconds. The
/// oldest connection of the peer with the most connections is closed, so that one peer's flood does not affect others.
final class WaitingConnections: Sendable {
    private struct State {
        var capacity: Int
        var queue = ConnectionQueue()
    }

    // The lock is taken when a connection begins and when its handshake ends, never for a request.
    private let state: NIOLockedValueBox<State>

    /// - Parameter capacity: at least 1.
    init(capacity: Int) {
        state = NIOLockedValueBox(State(capacity: max(1, capacity)))
    }

    /// Connections that wait already stay.
    func update(capacity: Int) {
        state.withLockedValue { $0.capacity = max(1, capacity) }
    }

    var count: Int { state.withLockedValue { $0.queue.count } }

    /// Adds a connection. Returns the one that must be closed for it, never the same one.
    func add(_ channel: any Channel, from peer: PeerNetwork) -> (any Channel)? {
        state.withLockedValue { state in
            // Done first, because a peer's only connection could otherwise be both the newest and the oldest.
            let evicted = state.queue.count >= state.capacity ? state.queue.removeOldestOfFullestPeer() : nil
            state.queue.append(channel, from: peer)
            return evicted
        }
    }

    /// The connection has reached the next stage, or is closed.
    func remove(_ channel: any Channel, from peer: PeerNetwork) {
        state.withLockedValue { _ = $0.queue.remove(channel, from: peer) }
    }
}
