import Authentication
import Entra
import NIOCore
import Testing
import Timestamps

@testable import DirectoryGroups

/// Work about many principals comes in small pieces.
@Suite struct WatchPaceTests {
    @Test(
        "whoever is asked about at the same moment is asked about evenly from the next time on",
        arguments: ["sign-in", "outage", "reload"])
    func spread(after event: String) throws {
        var story = try WatchStateTests.Story(every: 2)
        for number in 0..<1000 { try story.signIn(number) }
        story.answer(story.questions(limit: .max), WatchStateTests.healthy)
        switch event {
        case "outage":
            story.pass(10_000)
            story.answer(story.questions(limit: .max), WatchStateTests.healthy)
        case "reload":
            var next = try WatchStateTests.Story(every: 2)
            next.milliseconds = story.milliseconds
            next.state.carryOver(from: story.state, now: next.now.instant)
            story = next
            story.answer(story.questions(limit: .max), WatchStateTests.healthy)
        default: break
        }
        for _ in 0..<100 {
            story.pass(100)
            let questions = story.questions(limit: .max)
            // 50 of 1,000 in each of 20 steps, with two questions each.
            #expect(questions.count <= 2 * 75, "\(questions.count)")
            story.answer(questions, WatchStateTests.healthy)
        }
    }

    @Test("visiting a few principals at a time finds what visiting all of them finds")
    func visits() throws {
        var story = try WatchStateTests.Story(every: 2)
        for number in 0..<100 { try story.signIn(number, lasts: number < 50 ? 3 : 3600) }
        story.milliseconds += 5_000
        var over: [GUID] = []
        for _ in 0..<4 { over += story.state.passTime(to: story.now, limit: 30) }
        #expect(Set(over) == Set(try (50..<100).map { try WatchStateTests.id($0) }))
        #expect(story.state.records.count == 50)
        #expect(story.state.isVisited && story.state.summary.oldestAnswer?.time.secondsSinceEpoch == 1_800_001_000)
    }

    @Test("a value of the facts stays as it is while later ones are made from it")
    func sharedFacts() throws {
        var facts = WatchedPrincipals()
        #expect(facts.isEmpty)
        let until = Timestamp(secondsSinceEpoch: 1)
        for number in 0..<300 {
            facts[try WatchStateTests.id(number)] = WatchedPrincipal(version: UInt64(number + 1), until: until)
        }
        let before = facts
        facts[try WatchStateTests.id(7)] = nil
        facts[try WatchStateTests.id(8)]?.isSilent = true
        #expect(try before[WatchStateTests.id(7)]?.version == 8 && before[WatchStateTests.id(8)]?.isSilent == false)
        #expect(try facts[WatchStateTests.id(7)] == nil && facts[WatchStateTests.id(8)]?.isSilent == true)
        #expect(Set(before.values.map(\.version)) == Set(1...300))
        #expect(facts.values.count { _ in true } == 299 && !facts.isEmpty)
    }
}
