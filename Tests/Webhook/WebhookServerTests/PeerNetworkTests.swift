import NIOCore
import Testing

@testable import WebhookServer

@Suite struct PeerNetworkTests {
    struct Pair: Sendable, CustomTestStringConvertible {
        var first: String
        var second: String
        var isOnePeer: Bool
        var testDescription: String { "\(first) and \(second)" }
    }

    @Test(
        "addresses of one host count as one peer",
        arguments: [
            Pair(first: "127.0.0.1", second: "127.0.0.1", isOnePeer: true),
            Pair(first: "127.0.0.1", second: "127.0.0.2", isOnePeer: false),
            Pair(first: "10.0.0.1", second: "::ffff:10.0.0.1", isOnePeer: true),
            Pair(first: "::ffff:10.0.0.1", second: "::ffff:10.0.0.2", isOnePeer: false),
            Pair(first: "2001:db8::1", second: "2001:db8::ffff:0:2", isOnePeer: true),
            Pair(first: "2001:db8::1", second: "2001:db8:0:1::1", isOnePeer: false),
            Pair(first: "0.0.0.0", second: "::", isOnePeer: false),
        ])
    func countsAHostAsOne(_ pair: Pair) throws {
        let first = PeerNetwork(try SocketAddress(ipAddress: pair.first, port: 1))
        let second = PeerNetwork(try SocketAddress(ipAddress: pair.second, port: 2))
        #expect((first == second) == pair.isOnePeer)
    }

    @Test("connections of access reviews have a quarter of their own, and count with the others after a token review")
    func accessReviews() {
        let ledger = ConnectionLimiter(limits: ServerLimits(connections: 4, connectionsPerPeer: 4))
        let peer = PeerNetwork.v4([127, 0, 0, 1])
        #expect(ledger.openConnection(from: peer) == nil && ledger.openConnection(from: peer) == nil)
        #expect(ledger.moveToAccessReviews(from: peer))
        #expect(!ledger.moveToAccessReviews(from: peer), "one is a quarter")
        for _ in 0..<3 { #expect(ledger.openConnection(from: peer) == nil) }
        #expect(ledger.openConnection(from: peer) == .connectionLimit && ledger.openConnections == 5)
        ledger.moveToTokenReviews(from: peer)
        #expect(ledger.openConnections == 5 && ledger.refusal(from: peer) == .connectionLimit)
        ledger.closeConnection(from: peer)
        #expect(ledger.refusal(from: peer) == .connectionLimit, "four of four")
        ledger.closeConnection(from: peer)
        #expect(ledger.openConnection(from: peer) == nil && ledger.moveToAccessReviews(from: peer))
        ledger.closeAccessConnection()
        #expect(ledger.openConnections == 3)
    }

    @Test("one peer has fewer connections than all together")
    func boundsOnePeerBelowAll() {
        #expect(ServerLimits().connectionsPerPeer == 3072)
        #expect(ServerLimits(connections: 10).connectionsPerPeer == 10)
        let ledger = ConnectionLimiter(limits: ServerLimits(connections: 3, connectionsPerPeer: 2))
        let (one, other) = (PeerNetwork.v4([127, 0, 0, 1]), PeerNetwork.v4([127, 0, 0, 2]))
        #expect(ledger.openConnection(from: one) == nil)
        #expect(ledger.openConnection(from: one) == nil)
        #expect(ledger.openConnection(from: one) == .peerConnectionLimit)
        #expect(ledger.openConnection(from: other) == nil)
        #expect(ledger.openConnection(from: other) == .connectionLimit)
        ledger.closeConnection(from: one)
        #expect(ledger.openConnection(from: one) == nil)
    }
}
