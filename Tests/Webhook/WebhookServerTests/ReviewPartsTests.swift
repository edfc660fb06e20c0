import OpenSSL
import Testing
import Timestamps

@testable import WebhookServer

@Suite struct ReviewPartsTests {
    private func digest(_ text: String) -> SHA256Digest {
        Array(text.utf8).withUnsafeBytes { SHA256Digest(hashing: $0) }
    }

    private func time(_ seconds: Int64) -> Timestamp { Timestamp(secondsSinceEpoch: seconds) }

    @Test func refusesASecondUse() {
        let memory = ReplayMemory()
        #expect(memory.remember(digest("a"), until: time(100), now: time(0)) == .firstUse)
        #expect(memory.remember(digest("a"), until: time(100), now: time(50)) == .replayed)
        #expect(memory.remember(digest("a"), until: time(100), now: time(100)) == .replayed)
        #expect(memory.remember(digest("b"), until: time(100), now: time(50)) == .firstUse)
    }

    @Test func forgetsOnlyWhatHasExpired() {
        let memory = ReplayMemory(capacity: 2)
        #expect(memory.remember(digest("a"), until: time(100), now: time(0)) == .firstUse)
        #expect(memory.remember(digest("b"), until: time(200), now: time(0)) == .firstUse)
        #expect(memory.remember(digest("c"), until: time(200), now: time(50)) == .full)
        #expect(memory.remember(digest("c"), until: time(200), now: time(101)) == .firstUse)
        #expect(memory.remember(digest("b"), until: time(200), now: time(101)) == .replayed)
    }

    @Test func namesDecisionsInOrder() {
        var ids = DecisionIDs(start: 31)
        #expect(ids.make() == "00000000000Z")
        #expect(ids.make() == "000000000010")
        var others = DecisionIDs()
        #expect(others.make() != others.make())
    }
}
