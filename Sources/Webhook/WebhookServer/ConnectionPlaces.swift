import NIOCore

/// The places of connections whose handshake is complete: `limits.connections` in total and a share of them for each
/// peer, and a quarter more, in total and for each peer, for connections with nothing but access reviews.
///
/// What a connection is for is not known before its first request. When the ordinary places are taken, a newcomer is
/// therefore accepted on a place for access reviews; one that sends no request there makes room for the next.
struct ConnectionPlaces {
    /// The result for a new connection.
    enum Admission {
        /// It may send any request.
        case admitted
        /// It may send only access reviews, for this reason. `evicted` has sent nothing on such a place and must be
        /// closed for it.
        case accessReviewsOnly(RejectionCause, evicted: (any Channel)?)
        case refused(RejectionCause)
    }

    private struct Share {
        var ordinary = 0
        var access = 0
    }

    private var limit: Int
    private var peerLimit: Int
    private var ordinary = 0
    /// Connections with nothing but access reviews; ``newcomers`` are not among them.
    private var access = 0
    private var peers: [PeerNetwork: Share] = [:]
    /// Connections that arrived when the ordinary places were taken, and have sent no request yet.
    private var newcomers = ConnectionQueue()

    init(limits: ServerLimits) {
        (limit, peerLimit) = (limits.connections, limits.peerConnections)
    }

    /// Open connections keep their places.
    mutating func update(_ limits: ServerLimits) {
        (limit, peerLimit) = (limits.connections, limits.peerConnections)
    }

    var count: Int { ordinary + access + newcomers.count }

    private var accessLimit: Int { max(1, limit / 4) }
    private var accessPeerLimit: Int { max(1, peerLimit / 4) }

    /// Why there is no ordinary place; nil if there is one.
    func shortage(for peer: PeerNetwork) -> RejectionCause? {
        guard ordinary < limit else { return .connectionLimit }
        return (peers[peer]?.ordinary ?? 0) < peerLimit ? nil : .peerConnectionLimit
    }

    /// Why a new connection would be refused even after its handshake, so that it need not begin one.
    func refusal(from peer: PeerNetwork) -> RejectionCause? {
        guard let shortage = shortage(for: peer) else { return nil }
        if isAccessShareFull(of: peer) { return newcomers.count(of: peer) > 0 ? nil : shortage }
        return hasAccessPlace || newcomers.count > 0 ? nil : shortage
    }

    private func isAccessShareFull(of peer: PeerNetwork) -> Bool {
        (peers[peer]?.access ?? 0) + newcomers.count(of: peer) >= accessPeerLimit
    }

    /// The second comparison matters where connections have become ordinary ones above the limit.
    private var hasAccessPlace: Bool { access + newcomers.count < accessLimit && count < limit + accessLimit }

    mutating func open(_ channel: any Channel, from peer: PeerNetwork) -> Admission {
        guard let shortage = shortage(for: peer) else {
            take(from: peer)
            return .admitted
        }
        var evicted: (any Channel)?
        if isAccessShareFull(of: peer) {
            evicted = newcomers.removeOldest(of: peer)
            guard evicted != nil else { return .refused(shortage) }
        } else if !hasAccessPlace {
            evicted = newcomers.removeOldestOfFullestPeer()
            guard evicted != nil else { return .refused(shortage) }
        }
        newcomers.append(channel, from: peer)
        return .accessReviewsOnly(shortage, evicted: evicted)
    }

    /// The first request of an ordinary connection is an access review, so its ordinary place becomes free for another.
    /// False if it must keep that place, because those for access reviews are taken.
    mutating func moveToAccessReviews(from peer: PeerNetwork) -> Bool {
        guard hasAccessPlace, !isAccessShareFull(of: peer) else { return false }
        giveBack(from: peer)
        takeAccess(from: peer)
        return true
    }

    /// The first request of a newcomer is an access review. False if the newcomer has been evicted.
    mutating func settleNewcomer(_ channel: any Channel, from peer: PeerNetwork) -> Bool {
        guard newcomers.remove(channel, from: peer) else { return false }
        takeAccess(from: peer)
        return true
    }

    /// The first request of a newcomer is a token review. False if it has been evicted, or there is no ordinary place.
    mutating func promoteNewcomer(_ channel: any Channel, from peer: PeerNetwork) -> Bool {
        guard shortage(for: peer) == nil, newcomers.remove(channel, from: peer) else { return false }
        take(from: peer)
        return true
    }

    /// A connection of access reviews sends a token review.
    ///
    /// - Parameter isEntitled: whether it was accepted on an ordinary place. It then continues even if all of these are
    ///   taken by now, and the next newcomer has none.
    mutating func moveToTokenReviews(from peer: PeerNetwork, isEntitled: Bool) -> Bool {
        guard isEntitled || shortage(for: peer) == nil else { return false }
        giveBackAccess(from: peer)
        take(from: peer)
        return true
    }

    // MARK: The end

    mutating func close(from peer: PeerNetwork) { giveBack(from: peer) }

    mutating func closeAccess(from peer: PeerNetwork) { giveBackAccess(from: peer) }

    mutating func closeNewcomer(_ channel: any Channel, from peer: PeerNetwork) {
        _ = newcomers.remove(channel, from: peer)
    }

    // MARK: Counting

    private mutating func take(from peer: PeerNetwork) {
        ordinary += 1
        peers[peer, default: Share()].ordinary += 1
    }

    private mutating func giveBack(from peer: PeerNetwork) {
        ordinary -= 1
        change(peer) { $0.ordinary -= 1 }
    }

    private mutating func takeAccess(from peer: PeerNetwork) {
        access += 1
        peers[peer, default: Share()].access += 1
    }

    private mutating func giveBackAccess(from peer: PeerNetwork) {
        access -= 1
        change(peer) { $0.access -= 1 }
    }

    private mutating func change(_ peer: PeerNetwork, _ body: (inout Share) -> Void) {
        guard var share = peers[peer] else { return }
        body(&share)
        peers[peer] = share.ordinary > 0 || share.access > 0 ? share : nil
    }
}
