import Authentication
import Entra
import NIOCore
import TestSupport
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

    @Test("a reload asks about everybody at once, except about those whom Graph wants left alone")
    func pausedOverReload() throws {
        var story = try WatchStateTests.Story(every: 2)
        for number in 0..<3 { try story.signIn(number) }
        let throttled = try WatchStateTests.id(1)
        story.answer(story.questions()) {
            $0.objectID == throttled ? .throttled(seconds: 3600) : WatchStateTests.healthy($0)
        }
        var next = try WatchStateTests.Story(every: 2)
        next.milliseconds = story.milliseconds + 100
        next.state.carryOver(from: story.state, now: next.now.instant)
        let asked = Set(next.questions().map(\.objectID))
        #expect(asked == [try WatchStateTests.id(0), try WatchStateTests.id(2)])
        next.milliseconds = story.milliseconds + 3_600_000
        #expect(next.questions().contains { $0.objectID == throttled })
    }

    @Test("who comes and goes while the others are visited moves nobody out of sight")
    func comingAndGoing() throws {
        var story = try WatchStateTests.Story(every: 2)
        var number = 0
        var generator = SplitMix(seed: 15)
        var until: [GUID: Int64] = [:]
        for _ in 0..<2_000 {
            for _ in 0..<Int.random(in: 0...2, using: &generator) {
                let lasts = Int64.random(in: 1...40, using: &generator)
                try story.signIn(number, lasts: lasts)
                until[try WatchStateTests.id(number)] = story.now.time.secondsSinceEpoch + lasts
                number += 1
            }
            story.answer(story.questions(limit: .max), WatchStateTests.healthy)
            story.milliseconds += 100
            _ = story.state.passTime(to: story.now, limit: 10)
            // Nobody is kept for longer than one pass needs, and nobody is forgotten early.
            for (id, end) in until {
                let isKnown = story.state.records[id] != nil
                #expect(isKnown == (story.state.facts.principals[id] != nil))
                if story.now.time.secondsSinceEpoch < end { #expect(isKnown) }
                if story.now.time.secondsSinceEpoch > end + 3 {
                    #expect(!isKnown)
                    until[id] = nil
                }
            }
        }
        #expect(number > 1_500)
    }

    @Test("whoever is there during a whole pass is visited in it, once")
    func wholePass() throws {
        let now = try WatchStateTests.Story().now
        var generator = SplitMix(seed: 16)
        for _ in 0..<200 {
            var visits = WatchVisits()
            var present = Set(0..<Int.random(in: 1...60, using: &generator))
            for number in present { visits.set(try visit(number, at: now)) }
            visits.beginPass()
            var summary = WatchState.Summary()
            var seen: [GUID] = []
            repeat {
                seen += visits.pass(limit: 7, now: now, summary: &summary)
                for _ in 0..<Int.random(in: 0...3, using: &generator) {
                    guard let number = present.randomElement(using: &generator) else { break }
                    present.remove(number)
                    visits.remove(try WatchStateTests.id(number))
                }
                visits.set(try visit(Int.random(in: 100...130, using: &generator), at: now))
            } while !visits.isComplete
            #expect(Set(seen).count == seen.count && summary.changedCount == seen.count)
            #expect(try Set(seen).isSuperset(of: present.map { try WatchStateTests.id($0) }))
        }
    }

    /// One that is due at any time.
    private func visit(_ number: Int, at now: WatchState.Age) throws -> WatchVisits.Visit {
        WatchVisits.Visit(
            id: try WatchStateTests.id(number), until: now.time, silentFrom: now.instant, isSilent: true,
            oldestAnswer: now, changed: now.instant)
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
