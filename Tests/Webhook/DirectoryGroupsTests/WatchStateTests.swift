import Authentication
import Entra
import NIOCore
import Testing
import Timestamps

@testable import DirectoryGroups

/// What is asked when, and what is known then, with the time and the answers made by the test.
@Suite struct WatchStateTests {
    static func id(_ number: Int) throws -> GUID {
        let digits = String(String(1_000_000_000_000 + number).suffix(12))
        return try #require(GUID("00000000-0000-4000-8000-" + digits))
    }

    /// The watch of a few groups, and its two clocks.
    struct Story {
        var state: WatchState
        var milliseconds: Int64 = 1_000_000
        /// By how much the wall clock was set.
        var clockChange: Int64 = 0

        init(every seconds: Int64 = 30, groups: Int = 2) throws {
            state = WatchState(
                groups: try (0..<groups).map { try WatchStateTests.id(9000 + $0) }, every: .seconds(seconds))
        }

        var now: WatchState.Age {
            WatchState.Age(
                instant: .uptimeNanoseconds(UInt64(milliseconds) * 1_000_000),
                time: Timestamp(secondsSinceEpoch: 1_800_000_000 + milliseconds / 1000 + clockChange))
        }

        @discardableResult
        mutating func signIn(_ number: Int, kind: SubjectKind = .user, lasts: Int64 = 3600) throws -> Bool {
            let interest = WatchInterest(
                tenantID: .zero, objectID: try WatchStateTests.id(number), kind: kind,
                until: now.time.adding(seconds: lasts))
            return state.remember(interest, firstDeadline: now.instant + .seconds(5), at: now)
        }

        /// Lets time pass as the watch does; returns whose first wait ended.
        @discardableResult
        mutating func pass(_ time: Int64) -> [GUID] {
            milliseconds += time
            return state.passTime(to: now)
        }

        mutating func questions(limit: Int = 320) -> [WatchQuestion] {
            state.hasDue(at: now.instant) ? state.takeDue(at: now, limit: limit) : []
        }

        /// Answers each question in its turn.
        mutating func answer(_ questions: [WatchQuestion], _ reply: (WatchQuestion) -> WatchReply) {
            for question in questions { _ = state.take(reply(question), to: question, at: now.instant) }
        }

        func known(_ number: Int) throws -> WatchedPrincipal? {
            state.facts.principals[try WatchStateTests.id(number)]
        }
    }

    /// A member of all groups, with an enabled account.
    static func healthy(_ question: WatchQuestion) -> WatchReply {
        switch question.kind {
        case .account: .account(isEnabled: true, sessionsValidFrom: nil)
        case .membership(let asked): .members(asked)
        }
    }

    @Test("the first review waits for both answers, and no longer than its deadline")
    func firstWait() throws {
        var story = try Story()
        try story.signIn(1)
        #expect(story.state.isFirstAnswerDue(try Self.id(1)))
        let questions = story.questions()
        #expect(questions.count == 2 && story.questions().isEmpty)
        _ = story.state.take(Self.healthy(questions[0]), to: questions[0], at: story.now.instant)
        #expect(story.state.isFirstAnswerDue(try Self.id(1)), "one of two answers is not enough")
        _ = story.state.take(Self.healthy(questions[1]), to: questions[1], at: story.now.instant)
        #expect(!story.state.isFirstAnswerDue(try Self.id(1)))
        try story.signIn(2)
        _ = story.questions()
        #expect(story.pass(4_900).isEmpty)
        #expect(story.pass(100) == [try Self.id(2)])
        #expect(!story.state.isFirstAnswerDue(try Self.id(2)))
    }

    @Test("each principal is asked about once in every watchEvery", arguments: [Int64(1), 2, 30])
    func regularity(every: Int64) throws {
        var story = try Story(every: every)
        try story.signIn(1)
        var times: [Int64] = []
        for _ in 0..<(every * 100) {
            let questions = story.questions()
            if !questions.isEmpty { times.append(story.milliseconds) }
            story.answer(questions, Self.healthy)
            story.pass(100)
        }
        let gaps = zip(times.dropFirst(), times).map { $0 - $1 }
        #expect(gaps.count >= 8)
        #expect(gaps[0] <= every * 1000, "the first is shorter, see spread()")
        #expect(gaps.dropFirst().allSatisfy { $0 <= every * 1000 && $0 >= every * 1000 - 200 }, "\(gaps)")
    }

    @Test(
        "one principal takes one question about its account and one about each 20 groups",
        arguments: [(0, 1), (1, 2), (20, 2), (21, 3), (45, 4)])
    func questionsEach(groups: Int, expected: Int) throws {
        var story = try Story(groups: groups)
        try story.signIn(1)
        let questions = story.questions()
        #expect(questions.count == expected && story.state.questionsEach == expected)
        for question in questions {
            if case .membership(let asked) = question.kind { #expect((1...20).contains(asked.count)) }
        }
        story.answer(questions, Self.healthy)
        #expect(try story.known(1)?.isFirstAnswerDue == false)
        #expect(try story.known(1)?.membership?.members.count == (groups == 0 ? nil : groups))
    }

    @Test("no more is taken than fits, and those that have waited longest come first")
    func fairness() throws {
        var story = try Story()
        for number in 0..<50 {
            try story.signIn(number)
            story.milliseconds += 1
        }
        var order: [GUID] = []
        for _ in 0..<5 {
            let questions = story.questions(limit: 20)
            #expect(questions.count == 20)
            order += questions.filter { $0.kind == .account }.map(\.objectID)
        }
        #expect(order == (try (0..<50).map { try Self.id($0) }))
        #expect(story.questions().isEmpty)
    }

    @Test("a 429 of one part leaves its principal alone for Retry-After, and nobody else")
    func throttledPart() throws {
        var story = try Story(every: 2)
        try story.signIn(1)
        try story.signIn(2)
        let throttled = try Self.id(1)
        story.answer(story.questions()) {
            $0.objectID == throttled && $0.kind == .account ? .throttled(seconds: 7) : Self.healthy($0)
        }
        var asked: [GUID: [Int64]] = [:]
        for _ in 0..<100 {
            let questions = story.questions()
            for id in Set(questions.map(\.objectID)) { asked[id, default: []].append(story.milliseconds) }
            story.answer(questions, Self.healthy)
            story.pass(100)
        }
        #expect(asked[throttled]?.first == 1_007_000)
        #expect(asked[try Self.id(2)]?.first.map { $0 <= 1_002_000 } == true)
        // What the other part said counts all the same.
        #expect(try story.known(1)?.membership?.members.count == 2)
    }

    @Test(
        "a 404 about groups takes nothing from somebody whose account is there or not answered about, and is asked again",
        arguments: [
            .account(isEnabled: true, sessionsValidFrom: nil), .failed, .throttled(seconds: 1), .unclear,
            .unauthorized,
        ] as [WatchReply])
    func missingGroup(account: WatchReply) throws {
        var story = try Story(every: 2)
        try story.signIn(1)
        story.answer(story.questions(), Self.healthy)
        let before = try story.known(1)
        story.pass(2000)
        story.answer(story.questions()) { $0.kind == .account ? account : .deleted }
        #expect(try story.known(1)?.account?.isEnabled == true)
        #expect(try story.known(1)?.membership == before?.membership && before?.membership?.members.count == 2)
        story.pass(2000)
        #expect(!story.questions().isEmpty)
    }

    @Test("a principal that Graph forbids stops nobody else, and is not waited for")
    func forbidden() throws {
        var story = try Story()
        try story.signIn(1)
        try story.signIn(2)
        let hidden = try Self.id(1)
        story.answer(story.questions()) { $0.objectID == hidden ? .forbidden : Self.healthy($0) }
        #expect(try story.known(1)?.account == nil && story.known(1)?.isFirstAnswerDue == false)
        #expect(try story.known(2)?.account?.isEnabled == true)
    }

    @Test("what nobody may ask about stays unknown, and silence looks at the other answer alone")
    func forbiddenTopic() throws {
        var story = try Story(every: 2)
        try story.signIn(1)
        for _ in 0..<200 {
            story.answer(story.questions()) { $0.kind == .account ? .forbidden : Self.healthy($0) }
            story.pass(100)
        }
        #expect(try story.known(1)?.isSilent == false && story.known(1)?.account == nil)
        #expect(story.state.forbiddenTopics == [WatchState.Topic(collection: .users, isAccount: true)])
        story.answer(story.questions(), Self.healthy)
        story.pass(2_000)
        story.answer(story.questions(), Self.healthy)
        #expect(story.state.forbiddenTopics.isEmpty, "a permission that was granted since")
    }

    @Test("a permission that is granted makes nobody silent who still waits for its own answer")
    func grantedPermission() throws {
        var story = try Story(every: 2)
        try story.signIn(1)
        try story.signIn(2)
        for _ in 0..<100 {
            story.answer(story.questions()) { $0.kind == .account ? .forbidden : Self.healthy($0) }
            story.pass(100)
        }
        story.pass(2_000)
        let granted = try Self.id(1)
        story.answer(story.questions()) {
            $0.kind == .account && $0.objectID != granted ? .forbidden : Self.healthy($0)
        }
        story.pass(300)
        #expect(try story.known(1)?.account != nil && story.known(2)?.account == nil)
        #expect(try story.known(2)?.isSilent == false)
        story.pass(6_000)
        #expect(try story.known(2)?.isSilent == true)
    }

    @Test("whoever is deleted is disabled, also for those who may ask about memberships only")
    func deleted() throws {
        var story = try Story()
        try story.signIn(1)
        story.answer(story.questions()) { $0.kind == .account ? .forbidden : .deleted }
        #expect(try story.known(1)?.account?.isEnabled == false)
    }

    @Test("after three times watchEvery without an answer the principal is silent, and keeps its last answer")
    func silence() throws {
        var story = try Story(every: 2)
        try story.signIn(1)
        story.answer(story.questions(), Self.healthy)
        var silentAfter: Int64?
        for step in 0..<100 where silentAfter == nil {
            story.answer(story.questions()) { _ in .failed }
            story.pass(100)
            if try story.known(1)?.isSilent == true { silentAfter = Int64(step + 1) * 100 }
        }
        #expect(silentAfter == 6_000)
        #expect(try story.known(1)?.membership?.members.count == 2)
        let version = try story.known(1)?.version
        story.pass(5_000)
        story.answer(story.questions(), Self.healthy)
        #expect(try story.known(1)?.isSilent == false)
        #expect(try story.known(1)?.version != version, "decisions of the silence are made again")
    }

    @Test(
        "after a failure the next question comes no later than five seconds or watchEvery", arguments: [Int64(2), 60])
    func retry(every: Int64) throws {
        var story = try Story(every: every)
        try story.signIn(1)
        story.answer(story.questions(), Self.healthy)
        story.pass(every * 1000)
        story.answer(story.questions()) { _ in .failed }
        story.pass(min(every, 5) * 1000)
        #expect(story.questions().count == 2)
    }

    @Test("a part that is missing makes the whole round fail for its principal only")
    func partial() throws {
        var story = try Story()
        try story.signIn(1)
        try story.signIn(2)
        let unlucky = try Self.id(1)
        story.answer(story.questions()) {
            $0.objectID == unlucky && $0.kind != .account ? .unclear : Self.healthy($0)
        }
        #expect(try story.known(1)?.isFirstAnswerDue == true && story.known(1)?.account?.isEnabled == true)
        #expect(try story.known(2)?.isFirstAnswerDue == false)
        story.pass(500)
        story.answer(story.questions(), Self.healthy)
        #expect(try story.known(1)?.isFirstAnswerDue == false)
    }

    @Test(
        "a wall clock that jumps moves no question, and forgets whose tokens have ended by it",
        arguments: [(Int64(-7200), true), (1800, true), (7200, false)])
    func clockJump(seconds: Int64, isRemembered: Bool) throws {
        var story = try Story(every: 30)
        try story.signIn(1)
        story.answer(story.questions(), Self.healthy)
        story.pass(30_000)
        story.answer(story.questions(), Self.healthy)
        story.clockChange = seconds
        story.pass(20_000)
        #expect(story.questions().isEmpty)
        #expect(try (story.known(1) != nil) == isRemembered)
        #expect(try story.known(1)?.isSilent != true)
        story.pass(10_000)
        #expect(story.questions().count == (isRemembered ? 2 : 0))
    }

    @Test("who has no token left is forgotten, and remembered longer when a later token comes")
    func forgetting() throws {
        var story = try Story()
        try story.signIn(1, lasts: 100)
        try story.signIn(2, lasts: 100)
        story.answer(story.questions(), Self.healthy)
        try story.signIn(2, lasts: 200)
        try story.signIn(2, lasts: 50)
        story.pass(99_000)
        #expect(story.state.records.count == 2)
        story.pass(1_000)
        #expect(try story.known(1) == nil && story.known(2) != nil)
        story.pass(100_000)
        #expect(story.state.records.isEmpty && story.state.facts.principals.isEmpty)
        #expect(story.questions().isEmpty)
    }

    @Test("a question that is under way is waited for before its principal is forgotten")
    func forgettingWhileAsking() throws {
        var story = try Story()
        try story.signIn(1, lasts: 10)
        let questions = story.questions()
        story.pass(11_000)
        #expect(story.state.records.count == 1)
        story.answer(questions, Self.healthy)
        story.pass(0)
        #expect(story.state.records.isEmpty)
    }

    @Test("ten thousand principals are watched and no more, until one of them is forgotten")
    func bound() throws {
        var story = try Story()
        for number in 1..<WatchState.maximumPrincipals { try story.signIn(number) }
        try story.signIn(0, lasts: 10)
        #expect(story.state.records.count == WatchState.maximumPrincipals && !story.state.facts.isFull)
        let isAdmitted = try story.signIn(WatchState.maximumPrincipals)
        #expect(!isAdmitted && story.state.facts.isFull)
        let isKnownAdmitted = try story.signIn(5)
        #expect(isKnownAdmitted, "whoever is watched already stays so")
        story.pass(10_000)
        #expect(!story.state.facts.isFull)
        let isLaterAdmitted = try story.signIn(WatchState.maximumPrincipals)
        #expect(isLaterAdmitted)
    }

    @Test("an application is asked about as one, a guest as a person")
    func collections() throws {
        var story = try Story()
        let kinds: [(SubjectKind, DirectoryCollection)] = [
            (.user, .users), (.guest, .users), (.agent, .users), (.app, .servicePrincipals),
            (.managedIdentity, .servicePrincipals),
        ]
        for (number, kind) in kinds.enumerated() { try story.signIn(number, kind: kind.0) }
        let asked = Dictionary(
            story.questions().map { ($0.objectID, $0.collection) }, uniquingKeysWith: { first, _ in first })
        for (number, kind) in kinds.enumerated() { #expect(asked[try Self.id(number)] == kind.1) }
    }

    @Test("who lost or gained something is counted for an hour, and a first answer is no change")
    func changes() throws {
        var story = try Story(every: 2)
        try story.signIn(1, lasts: 20_000)
        try story.signIn(2, lasts: 20_000)
        story.answer(story.questions(), Self.healthy)
        story.pass(2_000)
        #expect(story.state.summary.changedCount == 0)
        let loser = try Self.id(1)
        story.answer(story.questions()) {
            if case .membership = $0.kind, $0.objectID == loser { return .members([]) }
            return Self.healthy($0)
        }
        story.pass(0)
        #expect(story.state.summary.changedCount == 1)
        story.pass(3_601_000)
        #expect(story.state.summary.changedCount == 0)
    }

    @Test("another configuration keeps what was learned, and asks about everybody at once")
    func carryOver() throws {
        var story = try Story(every: 30)
        try story.signIn(1)
        try story.signIn(2)
        story.answer(story.questions(), Self.healthy)
        story.pass(30_000)
        let lost = story.questions()
        #expect(lost.count == 4)
        var next = try Story(every: 30, groups: 3)
        next.milliseconds = story.milliseconds
        next.state.carryOver(from: story.state, now: next.now.instant)
        #expect(try next.known(1)?.membership?.members.count == 2)
        #expect(next.questions().count == 4)
        #expect(next.state.isChanged)
    }
}
