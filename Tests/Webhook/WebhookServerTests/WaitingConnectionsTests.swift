import NIOCore
import NIOEmbedded
import Testing

@testable import WebhookServer

@Suite struct WaitingConnectionsTests {
    private let one = PeerNetwork.v4([10, 0, 0, 1])
    private let other = PeerNetwork.v4([10, 0, 0, 2])

    private func channels(_ count: Int) -> [EmbeddedChannel] { (0..<count).map { _ in EmbeddedChannel() } }

    @Test("the oldest waiting connection makes room for the newest")
    func theOldestMakesRoomForTheNewest() {
        let waiting = WaitingConnections(capacity: 3)
        let channels = channels(6)
        let evicted = channels.map { waiting.add($0, from: one) }
        #expect(evicted[..<3].allSatisfy { $0 == nil })
        for index in 3..<6 { #expect(evicted[index] === channels[index - 3]) }
        #expect(waiting.count == 3)
    }

    @Test("a flood of one peer displaces only its own connections")
    func theFloodOfOnePeerLeavesOthersAlone() {
        let waiting = WaitingConnections(capacity: 4)
        let quiet = EmbeddedChannel()
        #expect(waiting.add(quiet, from: other) == nil)
        let flood = channels(20)
        let evicted = flood.map { waiting.add($0, from: one) }
        #expect(!evicted.contains { $0 === quiet })
        #expect(evicted.last.flatMap { $0 } === flood[16])
    }

    @Test("among peers with equally many connections the oldest one goes")
    func amongEqualsTheOldestGoes() {
        let waiting = WaitingConnections(capacity: 2)
        let channels = channels(3)
        _ = waiting.add(channels[0], from: other)
        _ = waiting.add(channels[1], from: one)
        #expect(waiting.add(channels[2], from: .v4([10, 0, 0, 3])) === channels[0])
    }

    @Test("the newest connection stays, even if it is the only one")
    func theNewestStaysAlsoAlone() {
        let waiting = WaitingConnections(capacity: 1)
        let channels = channels(2)
        #expect(waiting.add(channels[0], from: one) == nil)
        #expect(waiting.add(channels[1], from: other) === channels[0])
        #expect(waiting.count == 1)
    }

    @Test("a connection that ends makes room")
    func whoeverLeavesMakesRoom() {
        let waiting = WaitingConnections(capacity: 2)
        let channels = channels(3)
        _ = waiting.add(channels[0], from: one)
        _ = waiting.add(channels[1], from: one)
        waiting.remove(channels[0], from: one)
        waiting.remove(channels[0], from: one)
        #expect(waiting.count == 1)
        #expect(waiting.add(channels[2], from: one) == nil)
    }

    @Test("a smaller limit counts for new connections")
    func aSmallerBudgetCountsForNewcomers() {
        let waiting = WaitingConnections(capacity: 3)
        let channels = channels(4)
        for channel in channels[..<3] { _ = waiting.add(channel, from: one) }
        waiting.update(capacity: 1)
        #expect(waiting.count == 3)
        #expect(waiting.add(channels[3], from: one) === channels[0])
    }
}
