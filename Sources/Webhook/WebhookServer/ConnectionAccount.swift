import NIOCore

/// Where a connection is counted: first with the silent ones, from its first byte on with those in their handshake,
/// then against `limits.connections` and its peer's share. It stays on the connection's event loop.
final class ConnectionAccount {
    /// Tells a connection to make room for a newer one.
    struct Eviction: Sendable {}

    private enum Stage {
        case silent
        case handshaking
        case established
        case closed
    }

    private let channel: any Channel
    private let peer: PeerNetwork
    private let ledger: ConnectionLimiter
    private let metrics: ServerMetrics
    private var stage = Stage.silent

    init(_ channel: any Channel, from peer: PeerNetwork, ledger: ConnectionLimiter, metrics: ServerMetrics) {
        self.channel = channel
        self.peer = peer
        self.ledger = ledger
        self.metrics = metrics
        metrics.connectionOpened()
        evict(ledger.silent.add(channel, from: peer))
        channel.closeFuture.assumeIsolated().whenComplete { [self] _ in close() }
    }

    /// The client has sent its first byte.
    func beginHandshake() {
        guard case .silent = stage else { return }
        stage = .handshaking
        ledger.silent.remove(channel, from: peer)
        evict(ledger.handshaking.add(channel, from: peer))
    }

    /// The handshake is complete. Returns why the connection may not stay; nil if it may.
    func establish() -> RejectionCause? {
        if case .closed = stage { return nil }
        if let cause = ledger.openConnection(from: peer) { return cause }
        leaveQueue()
        stage = .established
        return nil
    }

    private func close() {
        leaveQueue()
        if case .established = stage { ledger.closeConnection(from: peer) }
        stage = .closed
        metrics.connectionClosed()
    }

    private func leaveQueue() {
        switch stage {
        case .silent: ledger.silent.remove(channel, from: peer)
        case .handshaking: ledger.handshaking.remove(channel, from: peer)
        case .established, .closed: return
        }
    }

    private func evict(_ channel: (any Channel)?) {
        channel?.pipeline.fireUserInboundEventTriggered(Eviction())
    }
}
