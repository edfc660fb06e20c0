import DequeModule
import NIOCore

/// Connections that may have to make room for newer ones, in the order in which they came.
struct ConnectionQueue {
    private struct Entry {
        /// Increases with each connection.
        let number: UInt64
        let channel: any Channel
    }

    private var lastNumber: UInt64 = 0
    private var peers: [PeerNetwork: Deque<Entry>] = [:]
    /// Number of connections of all peers.
    private(set) var count = 0

    func count(of peer: PeerNetwork) -> Int { peers[peer]?.count ?? 0 }

    mutating func append(_ channel: any Channel, from peer: PeerNetwork) {
        lastNumber += 1
        peers[peer, default: []].append(Entry(number: lastNumber, channel: channel))
        count += 1
    }

    /// False if it is not in the queue.
    mutating func remove(_ channel: any Channel, from peer: PeerNetwork) -> Bool {
        guard let index = peers[peer]?.firstIndex(where: { $0.channel === channel }) else { return false }
        peers[peer]?.remove(at: index)
        removed(from: peer)
        return true
    }

    mutating func removeOldest(of peer: PeerNetwork) -> (any Channel)? {
        guard let oldest = peers[peer]?.popFirst() else { return nil }
        removed(from: peer)
        return oldest.channel
    }

    /// The peer with the most connections makes room, so that one peer's flood does not affect others.
    mutating func removeOldestOfFullestPeer() -> (any Channel)? {
        let fullest = peers.max { one, other in
            guard one.value.count == other.value.count else { return one.value.count < other.value.count }
            return (one.value.first?.number ?? 0) > (other.value.first?.number ?? 0)
        }
        return fullest.flatMap { removeOldest(of: $0.key) }
    }

    private mutating func removed(from peer: PeerNetwork) {
        count -= 1
        if peers[peer]?.isEmpty == true { peers[peer] = nil }
    }
}
