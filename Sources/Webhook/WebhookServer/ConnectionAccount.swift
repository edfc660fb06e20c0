import NIOCore

/// Where a connection is counted: first with the silent ones, from its first byte on with those in their handshake,
/// then against `limits.connections` and its peer's share, unless it carries nothing but access reviews. It stays on
/// the connection's event loop.
final class ConnectionAccount {
    /// Tells a connection to make room for a newer one, or that its time for a first request is over.
    struct Eviction: Sendable {
        var cause: RejectionCause
    }

    private enum Stage: Equatable {
        case silent
        case handshaking
        /// Its handshake is complete, and nothing was asked yet.
        case established
        /// Like `established`, on a place for access reviews, because the ordinary ones were taken.
        case newcomer
        /// Nothing but access reviews.
        case accessReviews(isEntitled: Bool)
        /// Token reviews, alone or with access reviews.
        case tokenReviews
        case closed
    }

    /// Time for handshake and first request of a connection that arrives when the ordinary places are taken.
    private static let newcomerTime = TimeAmount.seconds(3)

    private let channel: any Channel
    private let peer: PeerNetwork
    private let ledger: ConnectionLimiter
    private let metrics: ServerMetrics
    private var stage = Stage.silent
    /// Ends a newcomer that sends no request.
    private var timer: Scheduled<Void>?

    init(_ channel: any Channel, from peer: PeerNetwork, ledger: ConnectionLimiter, metrics: ServerMetrics) {
        self.channel = channel
        self.peer = peer
        self.ledger = ledger
        self.metrics = metrics
        metrics.connectionOpened()
        evict(ledger.silent.add(channel, from: peer), .handshakeLimit)
        if let cause = ledger.withPlaces({ $0.shortage(for: peer) }) { startTimer(cause) }
        channel.closeFuture.assumeIsolated().whenComplete { [self] _ in close() }
    }

    /// The client has sent its first byte.
    func beginHandshake() {
        guard case .silent = stage else { return }
        stage = .handshaking
        ledger.silent.remove(channel, from: peer)
        evict(ledger.handshaking.add(channel, from: peer), .handshakeLimit)
    }

    /// The handshake is complete. Returns why the connection may not stay; nil if it may.
    func establish() -> RejectionCause? {
        if case .closed = stage { return nil }
        switch ledger.withPlaces({ $0.open(channel, from: peer) }) {
        case .refused(let cause): return cause
        case .admitted:
            leaveQueue()
            stage = .established
            stopTimer()
        case .accessReviewsOnly(let cause, let evicted):
            leaveQueue()
            stage = .newcomer
            evict(evicted, cause)
            if timer == nil { startTimer(cause) }
        }
        return nil
    }

    /// A review has arrived. False if the connection has no place for it: the review is then refused and the connection
    /// closed.
    func serve(_ endpoint: RequestStateMachine.Endpoint) -> Bool {
        switch (stage, endpoint) {
        case (.established, .accessReviews):
            let hasMoved = ledger.withPlaces { $0.moveToAccessReviews(from: peer) }
            stage = hasMoved ? .accessReviews(isEntitled: true) : .tokenReviews
        case (.established, .tokenReviews): stage = .tokenReviews
        case (.newcomer, .accessReviews):
            guard ledger.withPlaces({ $0.settleNewcomer(channel, from: peer) }) else { return false }
            stage = .accessReviews(isEntitled: false)
            stopTimer()
        case (.newcomer, .tokenReviews):
            guard ledger.withPlaces({ $0.promoteNewcomer(channel, from: peer) }) else { return false }
            stage = .tokenReviews
            stopTimer()
        case (.accessReviews(let isEntitled), .tokenReviews):
            guard ledger.withPlaces({ $0.moveToTokenReviews(from: peer, isEntitled: isEntitled) }) else { return false }
            stage = .tokenReviews
        default: break
        }
        return true
    }

    /// Whether a connection whose handshake is complete closes for this eviction. One that has sent a request keeps its
    /// place.
    func yields(to eviction: Eviction) -> Bool { stage == .newcomer && eviction.cause != .handshakeLimit }

    private func close() {
        leaveQueue()
        stopTimer()
        ledger.withPlaces { places in
            switch stage {
            case .established, .tokenReviews: places.close(from: peer)
            case .newcomer: places.closeNewcomer(channel, from: peer)
            case .accessReviews: places.closeAccess(from: peer)
            case .silent, .handshaking, .closed: break
            }
        }
        stage = .closed
        metrics.connectionClosed()
    }

    private func leaveQueue() {
        switch stage {
        case .silent: ledger.silent.remove(channel, from: peer)
        case .handshaking: ledger.handshaking.remove(channel, from: peer)
        case .established, .newcomer, .accessReviews, .tokenReviews, .closed: return
        }
    }

    private func evict(_ channel: (any Channel)?, _ cause: RejectionCause) {
        channel?.pipeline.fireUserInboundEventTriggered(Eviction(cause: cause))
    }

    private func startTimer(_ cause: RejectionCause) {
        timer = channel.eventLoop.assumeIsolated().scheduleTask(in: Self.newcomerTime) { [self] in
            timer = nil
            switch stage {
            case .silent, .handshaking, .newcomer: evict(channel, cause)
            case .established, .accessReviews, .tokenReviews, .closed: break
            }
        }
    }

    private func stopTimer() {
        timer?.cancel()
        timer = nil
    }
}
