import Authentication
import Entra
import EntraTokens
import NIOCore
import OpenSSL
import Testing
import Timestamps

@testable import WebhookServer

@Suite struct ReplayCacheTests {
    private func digest(_ text: String) -> SHA256Digest {
        Array(text.utf8).withUnsafeBytes { SHA256Digest(hashing: $0) }
    }

    private func time(_ seconds: Int64) -> Timestamp { Timestamp(secondsSinceEpoch: seconds) }

    private func use(
        _ name: String, by key: String = "key", made: Int64 = 0, until seconds: Int64 = 100
    ) -> ProofUse {
        ProofUse(key: digest(key), digest: digest(key + name), made: time(made), expires: time(seconds))
    }

    /// A principal with that number at the end of the object ID.
    private func principal(_ number: Int) -> DecisionSubject {
        var subject = DecisionSubject()
        let digits = String(number)
        subject.tenantID = GUID("11111111-2222-3333-4444-555555555555")
        subject.objectID = GUID("00000000-0000-0000-0000-" + String(repeating: "0", count: 12 - digits.count) + digits)
        return subject
    }

    @Test("a second use is refused for as long as the first is remembered")
    func refusesASecondUse() {
        let memory = ReplayCache()
        let ada = principal(1)
        #expect(memory.remember(use("a"), of: ada, at: 0) == .firstUse)
        #expect(memory.remember(use("a"), of: ada, at: 50) == .replayed)
        #expect(memory.remember(use("a"), of: ada, at: 100) == .replayed)
        #expect(memory.remember(use("b"), of: ada, at: 50) == .firstUse)
        // The same again is no newer, and another one with its nonce is.
        #expect(memory.remember(use("a"), of: ada, at: 101) == .replayed)
        #expect(memory.remember(use("a", made: 101, until: 300), of: ada, at: 101) == .firstUse)
        #expect(memory.remember(use("a", made: 101, until: 300), of: ada, at: 102) == .replayed)
        #expect(memory.count == 1)
    }

    @Test("a key that has used up its share is refused, and nobody else")
    func share() {
        let memory = ReplayCache(share: 3)
        let ada = principal(1)
        for name in ["a", "b", "c"] { #expect(memory.remember(use(name), of: ada, at: 0) == .firstUse) }
        #expect(memory.remember(use("d"), of: ada, at: 1) == .shareUsedUp)
        #expect(memory.remember(use("a"), of: ada, at: 1) == .replayed)
        #expect(memory.remember(use("d", by: "other"), of: ada, at: 1) == .firstUse)
        #expect(memory.remember(use("d"), of: principal(2), at: 1) == .firstUse)
        // What has expired makes room again.
        #expect(memory.remember(use("d", made: 101, until: 200), of: ada, at: 101) == .firstUse)
        #expect(memory.count == 1)
    }

    @Test("a share is a thousand proofs")
    func defaultShare() {
        let memory = ReplayCache()
        let outcomes = (0..<1001).map { memory.remember(use("\($0)"), of: principal(1), at: 0) }
        #expect(outcomes.dropLast().allSatisfy { $0 == .firstUse } && outcomes.last == .shareUsedUp)
    }

    @Test("one principal with a hundred keys fills the memory, and everybody else still signs in")
    func aHundredKeys() {
        let memory = ReplayCache()
        let greedy = principal(0)
        for key in 0..<100 {
            for name in 0..<1000 {
                let outcome = memory.remember(use("\(name)", by: "\(key)", made: 5), of: greedy, at: 5)
                guard outcome == .firstUse else { return #expect(outcome == .firstUse) }
            }
        }
        #expect(memory.count == 100_000)
        for number in 1...100 {
            #expect(
                memory.remember(use("a", by: "own \(number)", made: 5), of: principal(number), at: 5)
                    == .firstUse)
            #expect(
                memory.remember(use("a", by: "own \(number)", made: 5), of: principal(number), at: 6)
                    == .replayed)
        }
        #expect(memory.count == 100)
        // What was forgotten is not accepted again, nor is anything else of that time.
        for use in [use("7", by: "7", made: 5), use("new", by: "new", made: 5), use("new", by: "new", made: 4)] {
            #expect(memory.remember(use, of: greedy, at: 7) == .mayBeUsed)
        }
        // A proof that is made now is new for certain, and used once.
        #expect(memory.remember(use("later", by: "7", made: 6), of: greedy, at: 7) == .firstUse)
        #expect(memory.remember(use("later", by: "7", made: 6), of: greedy, at: 8) == .replayed)
    }

    @Test("those who hold the most give their places back, and nobody else")
    func largestFirst() {
        let memory = ReplayCache(capacity: 8)
        let (many, some, few) = (principal(3), principal(2), principal(1))
        for name in ["a", "b", "c", "d"] { _ = memory.remember(use(name, made: 1), of: many, at: 1) }
        for name in ["a", "b", "c"] { _ = memory.remember(use(name, made: 1), of: some, at: 1) }
        #expect(memory.remember(use("a", made: 1), of: few, at: 1) == .firstUse)
        #expect(memory.remember(use("b", made: 1), of: few, at: 2) == .firstUse)
        #expect(memory.count == 5)
        #expect(memory.remember(use("a", made: 1), of: many, at: 3) == .mayBeUsed)
        #expect(memory.remember(use("a", made: 1), of: some, at: 3) == .replayed)
        #expect(memory.remember(use("d", made: 1), of: some, at: 3) == .firstUse)
        #expect(memory.remember(use("a", made: 1), of: few, at: 3) == .replayed)
    }

    @Test("the one whose proof finds no place may be the one who holds the most")
    func itsOwnPlaces() {
        let memory = ReplayCache(capacity: 4)
        for name in ["a", "b", "c", "d"] {
            #expect(memory.remember(use(name, made: 1), of: principal(1), at: 1) == .firstUse)
        }
        #expect(memory.remember(use("e", made: 1), of: principal(1), at: 1) == .mayBeUsed)
        #expect(memory.remember(use("e", made: 2), of: principal(1), at: 2) == .firstUse)
    }

    @Test("what was forgotten ends nothing that is newer")
    func marksEnd() {
        let memory = ReplayCache(capacity: 2)
        _ = memory.remember(use("a", made: 9, until: 50), of: principal(1), at: 1)
        _ = memory.remember(use("b", made: 1, until: 100), of: principal(1), at: 1)
        #expect(memory.remember(use("c", made: 1), of: principal(2), at: 1) == .firstUse)
        #expect(memory.remember(use("d", made: 9), of: principal(1), at: 100) == .mayBeUsed)
        #expect(memory.remember(use("d", made: 10, until: 300), of: principal(1), at: 101) == .firstUse)
    }

    @Test("what has expired goes before anything else is forgotten")
    func expiredFirst() {
        let memory = ReplayCache(capacity: 2)
        _ = memory.remember(use("a", until: 10), of: principal(1), at: 0)
        _ = memory.remember(use("b", until: 100), of: principal(1), at: 0)
        #expect(memory.remember(use("c", made: 11), of: principal(2), at: 11) == .firstUse)
        #expect(memory.remember(use("b", until: 100), of: principal(1), at: 11) == .replayed)
        #expect(memory.count == 2)
    }

    @Test("a principal for each place is as many as there may be")
    func full() {
        let memory = ReplayCache(capacity: 2)
        #expect(memory.remember(use("a"), of: principal(1), at: 0) == .firstUse)
        #expect(memory.remember(use("a", until: 50), of: principal(2), at: 0) == .firstUse)
        #expect(memory.remember(use("a"), of: principal(3), at: 1) == .full)
        #expect(memory.remember(use("a"), of: principal(1), at: 1) == .replayed)
        #expect(memory.remember(use("a", made: 51), of: principal(3), at: 51) == .firstUse)
    }

    @Test("the same object ID in another tenant is somebody else")
    func tenants() {
        let memory = ReplayCache(share: 1)
        var other = principal(1)
        other.tenantID = GUID("99999999-2222-3333-4444-555555555555")
        #expect(memory.remember(use("a"), of: principal(1), at: 0) == .firstUse)
        #expect(memory.remember(use("a"), of: other, at: 0) == .firstUse)
    }
}

extension ReplayCache {
    /// Both clocks show the same.
    fileprivate func remember(_ use: ProofUse, of subject: DecisionSubject, at second: Int64) -> Outcome {
        remember(
            use, of: subject, now: Timestamp(secondsSinceEpoch: second),
            uptime: .uptimeNanoseconds(0) + .seconds(second))
    }
}
