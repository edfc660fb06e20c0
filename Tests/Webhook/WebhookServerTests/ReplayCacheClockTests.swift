import Authentication
import Entra
import NIOCore
import OpenSSL
import TestSupport
import Testing
import Timestamps

@testable import WebhookServer

/// Proofs of possession while the time of day is set. Only the uptime goes on evenly.
@Suite struct ReplayCacheClockTests {
    /// How long a proof is fresh, how far it may be ahead, and how long it is remembered, in seconds.
    private static let (age, skew, remembered) = (Int64(900), Int64(300), Int64(1200))

    private static func use(_ number: Int, made: Int64) -> ProofUse {
        let digest = Array("\(number)".utf8).withUnsafeBytes { SHA256Digest(hashing: $0) }
        let key = Array("key".utf8).withUnsafeBytes { SHA256Digest(hashing: $0) }
        return ProofUse(
            key: key, digest: digest, made: Timestamp(secondsSinceEpoch: made),
            expires: Timestamp(secondsSinceEpoch: made + remembered))
    }

    private static func holder(_ number: Int) -> DecisionSubject {
        var subject = DecisionSubject()
        subject.objectID = GUID("00000000-0000-0000-0000-00000000000\(number)")
        return subject
    }

    private static func remember(
        _ memory: ReplayCache, _ use: ProofUse, of holder: Int = 1, uptime: Int64, wall: Int64
    ) -> ReplayCache.Outcome {
        memory.remember(
            use, of: Self.holder(holder), now: Timestamp(secondsSinceEpoch: wall),
            uptime: .uptimeNanoseconds(0) + .seconds(uptime))
    }

    struct History: Sendable, CustomTestStringConvertible {
        var name: String
        /// A proof is made and used at each of these moments: uptime, time of day, and when it says that it was made.
        /// The first one is sent again at the end.
        var used: [(uptime: Int64, wall: Int64, made: Int64)]
        var end: (uptime: Int64, wall: Int64)

        var testDescription: String { name }
    }

    @Test(
        "a used proof stays used",
        arguments: [
            History(name: "while the clock goes evenly", used: [(0, 0, 0)], end: (899, 899)),
            History(
                name: "when the clock was ahead by a quarter of an hour for a minute",
                used: [(0, 0, 0), (302, 1202, 1202), (363, 363, 363)], end: (364, 364)),
            History(
                name: "when the clock was ahead by a month for a second",
                used: [(0, 0, 0), (100, 2_592_100, 2_592_100)], end: (101, 101)),
            History(
                name: "when the clock is set back by an hour after the proof had ended",
                used: [(0, 0, 0), (1300, 1300, 1300), (3000, 3000, 3000)], end: (3600, 0)),
            History(
                name: "when it was used while the clock was ahead, and that is mended hours later",
                used: [(0, 7200, 7200), (1300, 8500, 8500), (5000, 12_200, 12_200)], end: (7200, 7200)),
            History(
                name: "when it was used while the clock was behind, and that is mended",
                used: [(0, -7200, -7200), (10, 10, 10)], end: (20, -7180)),
            History(
                name: "when it ended early because the clock was ahead at its use",
                used: [(0, 890, 0), (320, 1210, 1000), (380, 1270, 1000)], end: (400, 400)),
            History(
                name: "when nobody has used one for days, and the clock is set back by a week",
                used: [(0, 0, 0), (1300, 1300, 1300), (200_000, 200_000, 200_000), (400_000, 400_000, 400_000)],
                end: (400_100, 100)),
            History(
                name: "when the clock goes back again and again",
                used: [(0, 0, 0), (600, 5, 5), (1205, 10, 10), (1810, 15, 15), (2415, 20, 20)], end: (3020, 25)),
        ])
    func staysUsed(_ history: History) {
        let memory = ReplayCache()
        for (number, moment) in history.used.enumerated() {
            let use = Self.use(number, made: moment.made)
            #expect(Self.remember(memory, use, uptime: moment.uptime, wall: moment.wall) == .firstUse)
        }
        let again = Self.use(0, made: history.used[0].made)
        let outcome = Self.remember(memory, again, uptime: history.end.uptime, wall: history.end.wall)
        #expect(outcome == .replayed || outcome == .mayBeUsed)
    }

    @Test("after the clock was set back, a new proof is accepted if it is newer than what is no longer remembered")
    func newerIsAccepted() {
        let memory = ReplayCache()
        #expect(Self.remember(memory, Self.use(0, made: 0), uptime: 0, wall: 0) == .firstUse)
        #expect(Self.remember(memory, Self.use(1, made: 3000), uptime: 3000, wall: 3000) == .firstUse)
        // Only the first one is dropped, so only its time counts.
        #expect(Self.remember(memory, Self.use(2, made: 100), uptime: 3100, wall: 100) == .firstUse)
        #expect(Self.remember(memory, Self.use(3, made: -1), uptime: 3100, wall: 100) == .mayBeUsed)
        // Nobody else is concerned, as long as the principal is known.
        #expect(Self.remember(memory, Self.use(4, made: -1), of: 2, uptime: 3100, wall: 100) == .firstUse)
    }

    @Test("whatever the clock does, no proof is accepted twice", arguments: UInt64(1)...60)
    func anyHistory(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let memory = ReplayCache(capacity: seed.isMultiple(of: 3) ? 12 : 1000)
        var (uptime, offset) = (Int64(0), Int64(0))
        var sent: [(use: ProofUse, holder: Int, isAccepted: Bool)] = []
        for number in 0..<600 {
            uptime += .random(in: 0...300, using: &random)
            if .random(in: 0..<8, using: &random) == 0 {
                let reaches: [Int64] = [5, 600, 7200, 90_000, 2_600_000]
                let reach = reaches.randomElement(using: &random) ?? 0
                offset += .random(in: -reach...reach, using: &random)
            }
            let wall = uptime + offset
            let isFresh = { (made: Int64) in wall < made + Self.age + Self.skew && made <= wall + Self.skew }
            let again = sent.indices.filter { isFresh(sent[$0].use.made.secondsSinceEpoch) }
            if let index = again.randomElement(using: &random), Bool.random(using: &random) {
                let (use, holder, wasAccepted) = sent[index]
                let outcome = Self.remember(memory, use, of: holder, uptime: uptime, wall: wall)
                #expect(!wasAccepted || outcome != .firstUse, "step \(number)")
                sent[index].isAccepted = wasAccepted || outcome == .firstUse
            } else {
                let made = wall - .random(in: -Self.skew..<Self.age, using: &random)
                let (use, holder) = (Self.use(number, made: made), Int.random(in: 1...4, using: &random))
                let outcome = Self.remember(memory, use, of: holder, uptime: uptime, wall: wall)
                sent.append((use, holder, outcome == .firstUse))
            }
        }
    }

    @Test("while the clock goes evenly, every fresh proof is accepted once", arguments: UInt64(1)...20)
    func evenClock(seed: UInt64) {
        var random = SplitMix(seed: seed)
        let memory = ReplayCache(share: 100_000)
        var now = Int64(0)
        for number in 0..<1000 {
            now += .random(in: 0...2000, using: &random) / (number.isMultiple(of: 50) ? 1 : 100)
            let made = now - .random(in: -Self.skew..<Self.age, using: &random)
            let use = Self.use(number, made: made)
            let holder = Int.random(in: 1...4, using: &random)
            #expect(Self.remember(memory, use, of: holder, uptime: now, wall: now) == .firstUse)
            #expect(Self.remember(memory, use, of: holder, uptime: now, wall: now) == .replayed)
        }
    }
}
