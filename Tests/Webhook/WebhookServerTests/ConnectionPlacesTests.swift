import NIOCore
import NIOEmbedded
import Testing

@testable import WebhookServer

@Suite struct ConnectionPlacesTests {
    private let one = PeerNetwork.v4([10, 0, 0, 1])
    private let other = PeerNetwork.v4([10, 0, 0, 2])

    private func places(_ connections: Int, perPeer: Int? = nil) -> TestPlaces {
        TestPlaces(ConnectionPlaces(limits: ServerLimits(connections: connections, connectionsPerPeer: perPeer)))
    }

    /// Opens connections, which must be admitted or, with `only`, have places for access reviews.
    private func fill(
        _ places: TestPlaces, _ count: Int, from peer: PeerNetwork, only: Bool = false
    ) -> [EmbeddedChannel] {
        (0..<count).map { _ in
            let channel = EmbeddedChannel()
            let admission = places.open(channel, from: peer)
            #expect(only ? admission.isAccessOnly : admission.isAdmitted)
            return channel
        }
    }

    @Test("one peer has fewer connections than all together")
    func boundsOnePeerBelowAll() {
        #expect(ServerLimits().peerConnections == 3072)
        #expect(ServerLimits(connections: 10).peerConnections == 10)
        let places = places(3, perPeer: 2)
        _ = fill(places, 2, from: one)
        #expect(places.shortage(for: one) == .peerConnectionLimit && places.shortage(for: other) == nil)
        _ = fill(places, 1, from: other)
        #expect(places.shortage(for: other) == .connectionLimit)
        places.close(from: one)
        #expect(places.shortage(for: one) == nil)
    }

    @Test("connections of access reviews have a quarter of their own, and count with the others after a token review")
    func accessReviews() {
        let places = places(4)
        _ = fill(places, 2, from: one)
        #expect(places.moveToAccessReviews(from: one))
        #expect(!places.moveToAccessReviews(from: one), "one is a quarter")
        _ = fill(places, 3, from: one)
        #expect(places.open(EmbeddedChannel(), from: one).cause == .connectionLimit && places.count == 5)
        #expect(places.moveToTokenReviews(from: one, isEntitled: true))
        #expect(places.count == 5 && places.refusal(from: one) == .connectionLimit)
        places.close(from: one)
        #expect(places.shortage(for: one) == .connectionLimit, "four of four")
        places.close(from: one)
        _ = fill(places, 1, from: one)
        #expect(places.moveToAccessReviews(from: one))
        places.closeAccess(from: one)
        #expect(places.count == 3)
    }

    @Test("a newcomer beyond the limit may ask access reviews, and no token review as long as the others stay")
    func aNewcomerBeyondTheLimit() {
        let places = places(4)
        _ = fill(places, 4, from: one)
        let newcomer = fill(places, 1, from: other, only: true)[0]
        #expect(!places.promoteNewcomer(newcomer, from: other))
        #expect(places.settleNewcomer(newcomer, from: other))
        #expect(!places.moveToTokenReviews(from: other, isEntitled: false))
        #expect(places.refusal(from: other) == .connectionLimit, "it has asked, and makes no room")
        places.close(from: one)
        #expect(places.moveToTokenReviews(from: other, isEntitled: false))
        #expect(places.count == 4 && places.shortage(for: other) == .connectionLimit)
    }

    @Test("a newcomer whose first request is a token review takes an ordinary place that has become free")
    func aNewcomerIsPromoted() {
        let places = places(4)
        _ = fill(places, 4, from: one)
        let newcomer = fill(places, 1, from: other, only: true)[0]
        places.close(from: one)
        #expect(places.promoteNewcomer(newcomer, from: other))
        #expect(places.count == 4 && places.shortage(for: other) == .connectionLimit)
        places.close(from: other)
        #expect(places.count == 3)
    }

    @Test("the newcomer that has asked nothing for longest makes room for the next one")
    func theOldestNewcomerMakesRoom() {
        let places = places(8)
        _ = fill(places, 8, from: one)
        let newcomers = fill(places, 2, from: one, only: true)
        #expect(places.settleNewcomer(newcomers[0], from: one))
        for expected in [newcomers[1], nil] {
            #expect(places.refusal(from: other) == nil)
            let admission = places.open(EmbeddedChannel(), from: other)
            #expect(admission.isAccessOnly && (expected == nil || admission.evicted === expected))
        }
        #expect(!places.settleNewcomer(newcomers[1], from: one), "its place is another's")
        #expect(places.count == 10)
    }

    @Test("one peer's newcomers have a quarter of its share, and push out its own only")
    func onePeersNewcomers() {
        let places = places(80, perPeer: 8)
        _ = fill(places, 8, from: one)
        let newcomers = fill(places, 2, from: one, only: true)
        let third = places.open(EmbeddedChannel(), from: one)
        #expect(third.isAccessOnly && third.evicted === newcomers[0])
        #expect(places.settleNewcomer(newcomers[1], from: one))
        #expect(places.open(EmbeddedChannel(), from: one).evicted != nil)
        #expect(places.count == 10)
        #expect(places.open(EmbeddedChannel(), from: other).isAdmitted)
    }

    @Test("a peer whose quarter asks access reviews is refused")
    func aPeersQuarterIsFull() {
        let places = places(80, perPeer: 8)
        _ = fill(places, 8, from: one)
        for newcomer in fill(places, 2, from: one, only: true) { #expect(places.settleNewcomer(newcomer, from: one)) }
        #expect(places.refusal(from: one) == .peerConnectionLimit && places.refusal(from: other) == nil)
        #expect(places.open(EmbeddedChannel(), from: one).cause == .peerConnectionLimit)
        places.closeAccess(from: one)
        #expect(places.refusal(from: one) == nil)
    }

    @Test("no more than a quarter beyond the limit is ever open, whatever the connections turn to")
    func theTotalIsBounded() {
        let places = places(8)
        var random = SystemRandomNumberGenerator()
        var (ordinary, access, newcomers) = (0, 0, [EmbeddedChannel]())
        for _ in 0..<5_000 {
            switch Int.random(in: 0..<6, using: &random) {
            case 0, 1:
                let channel = EmbeddedChannel()
                switch places.open(channel, from: one) {
                case .admitted: ordinary += 1
                case .accessReviewsOnly(_, let evicted):
                    newcomers.removeAll { $0 === evicted }
                    newcomers.append(channel)
                case .refused: #expect(places.refusal(from: one) != nil)
                }
            case 2 where ordinary > 0:
                if places.moveToAccessReviews(from: one) { (ordinary, access) = (ordinary - 1, access + 1) }
            case 3 where access > 0:
                if places.moveToTokenReviews(from: one, isEntitled: .random()) {
                    (ordinary, access) = (ordinary + 1, access - 1)
                }
            case 4:
                guard let newcomer = newcomers.popLast() else { break }
                if places.settleNewcomer(newcomer, from: one) { access += 1 }
            case 5 where ordinary > 0 && Bool.random():
                places.close(from: one)
                ordinary -= 1
            default: break
            }
            #expect(places.count == ordinary + access + newcomers.count && places.count <= 10)
        }
    }

    @Test("changed limits count for new connections")
    func changedLimits() {
        let places = places(2)
        _ = fill(places, 2, from: one)
        places.update(ServerLimits(connections: 3))
        _ = fill(places, 1, from: one)
        places.update(ServerLimits(connections: 1))
        #expect(places.refusal(from: one) == .connectionLimit, "three of one and a quarter")
    }
}

/// Changes its places where a `#expect` could not.
private final class TestPlaces {
    private var places: ConnectionPlaces

    init(_ places: ConnectionPlaces) { self.places = places }

    var count: Int { places.count }
    func shortage(for peer: PeerNetwork) -> RejectionCause? { places.shortage(for: peer) }
    func refusal(from peer: PeerNetwork) -> RejectionCause? { places.refusal(from: peer) }
    func open(_ channel: any Channel, from peer: PeerNetwork) -> ConnectionPlaces.Admission {
        places.open(channel, from: peer)
    }
    func moveToAccessReviews(from peer: PeerNetwork) -> Bool { places.moveToAccessReviews(from: peer) }
    func settleNewcomer(_ channel: any Channel, from peer: PeerNetwork) -> Bool {
        places.settleNewcomer(channel, from: peer)
    }
    func promoteNewcomer(_ channel: any Channel, from peer: PeerNetwork) -> Bool {
        places.promoteNewcomer(channel, from: peer)
    }
    func moveToTokenReviews(from peer: PeerNetwork, isEntitled: Bool) -> Bool {
        places.moveToTokenReviews(from: peer, isEntitled: isEntitled)
    }
    func close(from peer: PeerNetwork) { places.close(from: peer) }
    func closeAccess(from peer: PeerNetwork) { places.closeAccess(from: peer) }
    func update(_ limits: ServerLimits) { places.update(limits) }
}

extension ConnectionPlaces.Admission {
    fileprivate var isAdmitted: Bool {
        if case .admitted = self { true } else { false }
    }

    fileprivate var isAccessOnly: Bool {
        if case .accessReviewsOnly = self { true } else { false }
    }

    fileprivate var evicted: (any Channel)? {
        if case .accessReviewsOnly(_, let evicted) = self { evicted } else { nil }
    }

    fileprivate var cause: RejectionCause? {
        if case .refused(let cause) = self { cause } else { nil }
    }
}
