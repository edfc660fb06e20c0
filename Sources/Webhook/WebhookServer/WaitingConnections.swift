import DequeModule
import NIOConcurrencyHelpers
import NIOCore

/// Connections that are not served yet, over all event loops: a budget in which the oldest makes room for the newest.
///
/// Anybody who reaches the port can open connections and leave them idle. If new connections were rejected while these
/// fill the budget, kube-apiserver would be locked out: it connects anew each time, and needs only milliseconds. The
/// oldest connection of the peer with the most connections is closed, so that one peer's flood does not affect others.
final class WaitingConnections: Sendable {
    private struct Waiting {
        /// Increases with each connection.
        let number: UInt64
        let channel: any Channel
    }

    private struct State {
        var capacity: Int
        var count = 0
        var lastNumber: UInt64 = 0
        var peers: [PeerNetwork: Deque<Waiting>] = [:]

        mutating func removeOldestOfFullestPeer() -> (any Channel)? {
            let fullest = peers.max { one, other in
                guard one.value.count == other.value.count else { return one.value.count < other.value.count }
                return (one.value.first?.number ?? 0) > (other.value.first?.number ?? 0)
            }
            guard let peer = fullest?.key, let oldest = peers[peer]?.popFirst() else { return nil }
            count -= 1
            if peers[peer]?.isEmpty == true { peers[peer] = nil }
            return oldest.channel
        }
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

    var count: Int { state.withLockedValue { $0.count } }

    /// Adds a connection. Returns the one that must be closed for it, never the same one.
    func add(_ channel: any Channel, from peer: PeerNetwork) -> (any Channel)? {
        state.withLockedValue { state in
            // Done first, because a peer's only connection could otherwise be both the newest and the oldest.
            let evicted = state.count >= state.capacity ? state.removeOldestOfFullestPeer() : nil
            state.lastNumber += 1
            state.peers[peer, default: []].append(Waiting(number: state.lastNumber, channel: channel))
            state.count += 1
            return evicted
        }
    }

    /// The connection has reached the next stage, or is closed.
    func remove(_ channel: any Channel, from peer: PeerNetwork) {
        state.withLockedValue { state in
            guard let index = state.peers[peer]?.firstIndex(where: { $0.channel === channel }) else { return }
            state.peers[peer]?.remove(at: index)
            state.count -= 1
            if state.peers[peer]?.isEmpty == true { state.peers[peer] = nil }
        }
    }
}
