import AccessPolicy
import Entra
import SafeText
import Testing
import Timestamps

@Suite struct DeniedEntryTests {
    @Test("an entry is in force while now is before its end", arguments: [(99, true), (100, false), (101, false)])
    func end(now: Int64, isInForce: Bool) {
        let until = Timestamp(secondsSinceEpoch: 100)
        let entry = DeniedEntry(target: .objectID(.zero), until: until, reason: "left")
        #expect(entry.isInForce(at: Timestamp(secondsSinceEpoch: now)) == isInForce)
    }

    @Test("an entry without an end is in force for good")
    func noEnd() {
        let entry = DeniedEntry(target: .tokenID("a"), reason: "lost")
        #expect(entry.isInForce(at: Timestamp(secondsSinceEpoch: .max)))
    }
}
