import DequeModule
import NIOConcurrencyHelpers
import NIOCore

/// Connections that are not served yet, over all event loops: a budget in which the oldest makes room for the newest.
///
/// Anybody who reaches the port can open connections and leave them so. To turn newcomers away while these fill the
/// budget would lock kube-apiserver out; it is a newcomer each time it connects, and done within milliseconds. The
/// oldest connection goes of the peer that has most of them, so that one peer's flood leaves others alone.
final class WaitingConnections: Sendable {
    private struct Waiting {
        /// Grows with each connection.
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

    // Taken when a connection begins and when its handshake ends, never for a request.
    private let state: NIOLockedValueBox<State>

    /// - Parameter capacity: at least 1.
    init(capacity: Int) {
        state = NIOLockedValueBox(State(capacity: max(1, capacity)))
    }

    /// What is waiting already stays.
    func update(capacity: Int) {
        state.withLockedValue { $0.capacity = max(1, capacity) }
    }

    var count: Int { state.withLockedValue { $0.count } }

    /// Takes a connection in. Returns the one that has to be closed for it; never the same.
    func add(_ channel: any Channel, from peer: PeerNetwork) -> (any Channel)? {
        state.withLockedValue { state in
            // First, since a peer's only connection could otherwise be the newest and the oldest at once.
            let evicted = state.count >= state.capacity ? state.removeOldestOfFullestPeer() : nil
            state.lastNumber += 1
            state.peers[peer, default: []].append(Waiting(number: state.lastNumber, channel: channel))
            state.count += 1
            return evicted
        }
    }

    /// The connection has come further, or is closed.
    func remove(_ channel: any Channel, from peer: PeerNetwork) {
        state.withLockedValue { state in
            guard let index = state.peers[peer]?.firstIndex(where: { $0.channel === channel }) else { return }
            state.peers[peer]?.remove(at: index)
            state.count -= 1
            if state.peers[peer]?.isEmpty == true { state.peers[peer] = nil }
        }
    }
}
