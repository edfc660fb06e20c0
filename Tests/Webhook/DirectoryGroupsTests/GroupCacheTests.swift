import Entra
import HTTPSClient
import Testing
import Timestamps

@testable import DirectoryGroups

@Suite struct GroupCacheTests {
    private let now = Timestamp(secondsSinceEpoch: 1_000_000)

    private func id(_ number: Int) throws -> GUID {
        let digits = String(number)
        return try #require(
            GUID("00000000-0000-0000-0000-" + String(repeating: "0", count: 12 - digits.count) + digits))
    }

    private func answer(_ count: Int, at time: Timestamp) throws -> GroupCache.Answer {
        GroupCache.Answer(groups: try (0..<count).map(id), at: time)
    }

    @Test(
        "an answer is fresh, then stale, then gone",
        arguments: [(0, true), (9, true), (10, false), (-1, false), (1_000_000, false)])
    func answersGrowOld(seconds: Int64, isThere: Bool) throws {
        var memory = GroupCache()
        memory.remember(try id(1), try answer(2, at: now))
        let found = memory.answer(try id(1), youngerThan: 10, at: now.adding(seconds: seconds))
        #expect((found != nil) == isThere)
        #expect(memory.answer(try id(2), youngerThan: 10, at: now) == nil)
    }

    @Test("the oldest principal gives way to a new one")
    func theOldestPrincipalGivesWay() throws {
        var memory = GroupCache(maximumAnswers: 3, maximumGroups: 100)
        for number in [1, 2, 3, 1, 4] { memory.remember(try id(number), try answer(1, at: now)) }
        #expect(memory.count == 3)
        #expect(memory.answer(try id(1), youngerThan: 1, at: now) == nil)
        #expect(memory.answer(try id(4), youngerThan: 1, at: now) != nil)
    }

    @Test("who was forgotten is not remembered, and makes no room disappear")
    func forgets() throws {
        var memory = GroupCache(maximumAnswers: 2, maximumGroups: 100)
        for number in [1, 2] { memory.remember(try id(number), try answer(3, at: now)) }
        memory.forget(try id(1))
        memory.forget(try id(7))
        #expect(memory.count == 1 && memory.groupCount == 3)
        #expect(memory.answer(try id(1), youngerThan: 10, at: now) == nil)
        // If it is stored again, it is the newest, and the oldest is dropped.
        for number in [1, 3] { memory.remember(try id(number), try answer(1, at: now)) }
        #expect(memory.answer(try id(1), youngerThan: 10, at: now) != nil)
        #expect(memory.answer(try id(2), youngerThan: 10, at: now) == nil)
    }

    @Test(
        "an answer about the principal is not an outage",
        arguments: [
            (DirectoryError.principalUnknown, true), (.unauthorized, true), (.forbidden, true),
            (.graph(.status(400)), true), (.graph(.status(500)), false), (.graph(.unreachable), false),
            (.deadline, false), (.throttled(seconds: 1), false), (.tokenRefused(status: 400), false),
        ])
    func answers(error: DirectoryError, isAnswer: Bool) {
        #expect(error.isAnswer == isAnswer)
    }

    @Test("the limit counts groups as well as principals")
    func groupsAreCountedToo() throws {
        var memory = GroupCache(maximumAnswers: 100, maximumGroups: 10)
        for number in 1...5 { memory.remember(try id(number), try answer(4, at: now)) }
        #expect(memory.count == 2 && memory.groupCount == 8)
        memory.remember(try id(5), try answer(1, at: now))
        #expect(memory.groupCount == 5)
        // An answer that is too large for the whole cache is not stored.
        memory.remember(try id(6), try answer(11, at: now))
        #expect(memory.count == 0 && memory.groupCount == 0)
    }
}
