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

    @Test("a new sign-in passes five minutes after the bound, and never where there is no bound")
    func newSignIn() {
        let bound = Timestamp(secondsSinceEpoch: 1000)
        let bounded = DeniedEntry(target: .objectID(.zero), issuedBefore: bound, reason: "left")
        #expect(bounded.newSignInPasses == Timestamp(secondsSinceEpoch: 1300))
        #expect(DeniedEntry(target: .objectID(.zero), reason: "left").newSignInPasses == nil)
    }

    @Test("entries whose reasons differ in bytes are not identical, whatever Unicode says")
    func identical() {
        let entries = ["caf\u{E9}", "cafe\u{301}"].map { DeniedEntry(target: .objectID(.zero), reason: $0) }
        #expect(entries[0].isIdentical(to: entries[0]))
        #expect(!entries[0].isIdentical(to: entries[1]))
    }
}
