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
}
