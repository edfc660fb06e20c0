import Authentication
import OpenSSL
import Testing
import Timestamps

@testable import WebhookServer

@Suite struct ReviewPartsTests {
    private func digest(_ text: String) -> SHA256Digest {
        Array(text.utf8).withUnsafeBytes { SHA256Digest(hashing: $0) }
    }

    private func time(_ seconds: Int64) -> Timestamp { Timestamp(secondsSinceEpoch: seconds) }

    private func use(_ name: String, by key: String = "key", until seconds: Int64) -> ProofUse {
        ProofUse(key: digest(key), digest: digest(key + name), expires: time(seconds))
    }

    @Test("a second use is refused for as long as the first is remembered")
    func refusesASecondUse() {
        let memory = ReplayCache()
        #expect(memory.remember(use("a", until: 100), now: time(0)) == .firstUse)
        #expect(memory.remember(use("a", until: 100), now: time(50)) == .replayed)
        #expect(memory.remember(use("a", until: 100), now: time(100)) == .replayed)
        #expect(memory.remember(use("b", until: 100), now: time(50)) == .firstUse)
        #expect(memory.remember(use("a", until: 300), now: time(101)) == .firstUse)
        #expect(memory.remember(use("a", until: 300), now: time(102)) == .replayed)
    }

    @Test("a full memory forgets only what has expired")
    func forgetsOnlyWhatHasExpired() {
        let memory = ReplayCache(capacity: 2)
        #expect(memory.remember(use("a", until: 100), now: time(0)) == .firstUse)
        #expect(memory.remember(use("b", by: "other", until: 200), now: time(0)) == .firstUse)
        #expect(memory.remember(use("c", until: 200), now: time(50)) == .full)
        #expect(memory.remember(use("c", until: 200), now: time(101)) == .firstUse)
        #expect(memory.remember(use("b", by: "other", until: 200), now: time(101)) == .replayed)
    }

    @Test("a key that has used up its share is refused, and nobody else")
    func share() {
        let memory = ReplayCache(share: 3)
        for name in ["a", "b", "c"] { #expect(memory.remember(use(name, until: 100), now: time(0)) == .firstUse) }
        #expect(memory.remember(use("d", until: 100), now: time(1)) == .shareUsedUp)
        #expect(memory.remember(use("a", until: 100), now: time(1)) == .replayed)
        #expect(memory.remember(use("d", by: "other", until: 100), now: time(1)) == .firstUse)
        // What has expired makes room again.
        #expect(memory.remember(use("d", until: 200), now: time(101)) == .firstUse)
    }

    @Test("a share is a thousand proofs")
    func defaultShare() {
        let memory = ReplayCache()
        let outcomes = (0..<1001).map { memory.remember(use("\($0)", until: 100), now: time(0)) }
        #expect(outcomes.dropLast().allSatisfy { $0 == .firstUse } && outcomes.last == .shareUsedUp)
    }

    @Test func namesDecisionsInOrder() {
        var ids = DecisionIDs(start: 31)
        #expect(ids.make() == "00000000000Z")
        #expect(ids.make() == "000000000010")
        var others = DecisionIDs()
        #expect(others.make() != others.make())
    }
}
