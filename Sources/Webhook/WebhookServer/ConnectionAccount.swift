import NIOCore

/// Where a connection is counted: first with the silent ones, from its first byte on with those in their handshake,
/// then against `limits.connections` and its peer's share, unless it carries nothing but access reviews. It stays on
/// the connection's event loop.
final class ConnectionAccount {
    /// Tells a connection to make room for a newer one.
    struct Eviction: Sendable {}

    private enum Stage {
        case silent
        case handshaking
        /// Its handshake is complete, and nothing was asked yet.
        case established
        case accessReviews
        /// Token reviews, alone or with access reviews.
        case tokenReviews
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

    /// A review has come.
    func serve(_ endpoint: RequestStateMachine.Endpoint) {
        switch (stage, endpoint) {
        case (.established, .accessReviews):
            stage = ledger.moveToAccessReviews(from: peer) ? .accessReviews : .tokenReviews
        case (.established, .tokenReviews): stage = .tokenReviews
        case (.accessReviews, .tokenReviews):
            ledger.moveToTokenReviews(from: peer)
            stage = .tokenReviews
        default: break
        }
    }

    private func close() {
        leaveQueue()
        switch stage {
        case .established, .tokenReviews: ledger.closeConnection(from: peer)
        case .accessReviews: ledger.closeAccessConnection()
        case .silent, .handshaking, .closed: break
        }
        stage = .closed
        metrics.connectionClosed()
    }

    private func leaveQueue() {
        switch stage {
        case .silent: ledger.silent.remove(channel, from: peer)
        case .handshaking: ledger.handshaking.remove(channel, from: peer)
        case .established, .accessReviews, .tokenReviews, .closed: return
        }
    }

    private func evict(_ channel: (any Channel)?) {
        channel?.pipeline.fireUserInboundEventTriggered(Eviction())
    }
}
