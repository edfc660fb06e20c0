import NIOCore
import Synchronization

import struct NIOConcurrencyHelpers.NIOLockedValueBox

/// Counts connections and bytes for all event loops together. It uses atomics, so that no event loop waits for another.
final class ConnectionLimiter: Sendable {
    private let byteLimit: Atomic<Int>
    private let connectionLimit: Atomic<Int>
    private let peerLimit: Atomic<Int>
    private let bytes = Atomic<Int>(0)
    /// For access reviews, which have a quarter of their own: neither kind of review can crowd out the other.
    private let accessBytes = Atomic<Int>(0)
    private let connections = Atomic<Int>(0)
    /// Connections with nothing but access reviews, which have a quarter of their own too.
    private let accessConnections = Atomic<Int>(0)
    /// Connections that have not sent anything yet.
    let silent: WaitingConnections
    /// Connections in their handshake.
    let handshaking: WaitingConnections
    // The lock is taken when a connection begins and ends, never for a request. It is a pthread lock, because the
    // thread sanitizer does not recognize those of Synchronization.
    private let peers = NIOLockedValueBox<[PeerNetwork: Int]>([:])

    init(limits: ServerLimits) {
        byteLimit = Atomic(limits.bytesInFlight)
        connectionLimit = Atomic(limits.connections)
        peerLimit = Atomic(limits.connectionsPerPeer)
        silent = WaitingConnections(capacity: limits.silentConnections)
        handshaking = WaitingConnections(capacity: limits.handshakes)
    }

    /// Open connections and bytes in flight stay.
    func update(_ limits: ServerLimits) {
        byteLimit.store(limits.bytesInFlight, ordering: .relaxed)
        connectionLimit.store(limits.connections, ordering: .relaxed)
        peerLimit.store(limits.connectionsPerPeer, ordering: .relaxed)
        silent.update(capacity: limits.silentConnections)
        handshaking.update(capacity: limits.handshakes)
    }

    var bytesInFlight: Int { bytes.load(ordering: .relaxed) }
    /// Connections in all stages.
    var openConnections: Int {
        connections.load(ordering: .relaxed) + accessConnections.load(ordering: .relaxed) + silent.count
            + handshaking.count
    }

    func reserve(bytes count: Int, for endpoint: RequestStateMachine.Endpoint) -> Bool {
        guard endpoint == .accessReviews else { return reserve(bytes: count) }
        let sum = accessBytes.wrappingAdd(count, ordering: .relaxed).newValue
        guard sum <= byteLimit.load(ordering: .relaxed) / 4 else {
            release(bytes: count, for: endpoint)
            return false
        }
        return true
    }

    func release(bytes count: Int, for endpoint: RequestStateMachine.Endpoint) {
        guard endpoint == .accessReviews else { return release(bytes: count) }
        guard count > 0 else { return }
        accessBytes.wrappingSubtract(count, ordering: .relaxed)
    }

    func reserve(bytes count: Int) -> Bool {
        let sum = bytes.wrappingAdd(count, ordering: .relaxed).newValue
        guard sum <= byteLimit.load(ordering: .relaxed) else {
            release(bytes: count)
            return false
        }
        return true
    }

    func release(bytes count: Int) {
        guard count > 0 else { return }
        bytes.wrappingSubtract(count, ordering: .relaxed)
    }

    /// Why a new connection could not stay even after its handshake, so that it need not begin one.
    func refusal(from peer: PeerNetwork) -> RejectionCause? {
        if connections.load(ordering: .relaxed) >= connectionLimit.load(ordering: .relaxed) { return .connectionLimit }
        let count = peers.withLockedValue { $0[peer, default: 0] }
        return count >= peerLimit.load(ordering: .relaxed) ? .peerConnectionLimit : nil
    }

    /// Counts a connection with a complete handshake. Nil if it may stay; it must then be ended with
    /// ``closeConnection(from:)``.
    func openConnection(from peer: PeerNetwork) -> RejectionCause? {
        let limit = connectionLimit.load(ordering: .relaxed)
        guard connections.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            connections.wrappingSubtract(1, ordering: .relaxed)
            return .connectionLimit
        }
        let isWithinLimit = peers.withLockedValue { peers in
            let count = peers[peer, default: 0]
            guard count < peerLimit.load(ordering: .relaxed) else { return false }
            peers[peer] = count + 1
            return true
        }
        guard isWithinLimit else {
            connections.wrappingSubtract(1, ordering: .relaxed)
            return .peerConnectionLimit
        }
        return nil
    }

    /// Counts an open connection with those of access reviews from now on, so that it takes no place from token
    /// reviews. False if there are too many; it then stays where it is.
    func moveToAccessReviews(from peer: PeerNetwork) -> Bool {
        let limit = max(1, connectionLimit.load(ordering: .relaxed) / 4)
        guard accessConnections.wrappingAdd(1, ordering: .relaxed).newValue <= limit else {
            accessConnections.wrappingSubtract(1, ordering: .relaxed)
            return false
        }
        closeConnection(from: peer)
        return true
    }

    /// Counts it with all others again. It keeps its place even if they are too many by then; the next one is refused.
    func moveToTokenReviews(from peer: PeerNetwork) {
        closeAccessConnection()
        connections.wrappingAdd(1, ordering: .relaxed)
        peers.withLockedValue { $0[peer, default: 0] += 1 }
    }

    func closeAccessConnection() {
        accessConnections.wrappingSubtract(1, ordering: .relaxed)
    }

    func closeConnection(from peer: PeerNetwork) {
        connections.wrappingSubtract(1, ordering: .relaxed)
        peers.withLockedValue { peers in
            let count = peers[peer, default: 1]
            peers[peer] = count > 1 ? count - 1 : nil
        }
    }
}
