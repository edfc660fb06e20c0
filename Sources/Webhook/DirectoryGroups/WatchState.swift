import Authentication
import Entra
import HeapModule
import NIOCore
import Synchronization
import Timestamps

/// Who is watched, what is known of them, and what to ask next. A pure value: no clock and no network.
struct WatchState {
    /// One moment on two clocks: the event loop's for intervals, and the time of day.
    struct Age: Hashable {
        var instant: NIODeadline
        var time: Timestamp
    }

    struct Record {
        var kind: SubjectKind
        var created: Age
        var membershipAge: Age?
        var accountAge: Age?
        var nextQuestion: NIODeadline
        /// Whether its questions may be due together with those of many others. The next interval is then shorter, to
        /// spread them.
        var isBunched = true
        /// Number of questions without a reply.
        var outstanding = 0
        var roundBegan: Age
        /// Replies of the current round.
        var replies: [(question: WatchQuestion, reply: WatchReply)] = []
        /// When the first review gives up.
        var firstDeadline: NIODeadline
        /// When an answer last differed from an earlier one.
        var changed: NIODeadline?

        var collection: DirectoryCollection { DirectoryCollection(kind) }
    }

    /// The kind of an answer, because permissions differ between the kinds.
    struct Topic: Hashable {
        var collection: DirectoryCollection
        var isAccount: Bool
    }

    /// When a principal's questions are due. An entry is valid only while the principal's record has the same time.
    private struct Due: Comparable {
        let instant: NIODeadline
        let id: GUID

        static func < (left: Due, right: Due) -> Bool {
            (left.instant.uptimeNanoseconds, left.id) < (right.instant.uptimeNanoseconds, right.id)
        }
    }

    /// What is known of all principals together, for the status.
    struct Summary {
        var oldestAnswer: Age?
        /// Number of principals whose account or groups changed in the last hour.
        var changedCount = 0
    }

    static let maximumPrincipals = 10_000
    /// How soon a failed question is repeated while a review waits for the first answer.
    static let firstRetry = TimeAmount.milliseconds(500)
    static let retry = TimeAmount.seconds(5)
    static let tick = TimeAmount.milliseconds(100)

    let groups: [GUID]
    let every: TimeAmount
    private(set) var records: [GUID: Record] = [:]
    /// One entry for each principal without an open question, and entries that are no longer valid.
    private var due: Heap<Due> = []
    /// Principals that the current pass of ``passTime(to:limit:)`` has not visited yet.
    private var unvisited: [GUID] = []
    /// Number of principals that the current pass began with.
    private(set) var countToVisit = 0
    /// What the current pass has found so far.
    private var found = Summary()
    /// The result of the last complete pass.
    private(set) var summary = Summary()
    /// The facts for decisions.
    private(set) var facts = WatchFacts.Tenant()
    /// The kinds of answers that the directory has ever given, and when it was first asked for them with success.
    private(set) var answeredTopics: [Topic: Age] = [:]
    private(set) var forbiddenTopics: Set<Topic> = []
    /// How late the longest-waiting question was when questions were last taken.
    private(set) var lateness = TimeAmount.zero
    /// Whether ``facts`` have changed since they were last published.
    var isChanged = false

    init(groups: [GUID], every: TimeAmount) {
        self.groups = groups
        self.every = every
    }

    /// Keeps what an earlier configuration had learned.
    mutating func carryOver(from earlier: WatchState, now: NIODeadline) {
        records = earlier.records
        facts = earlier.facts
        answeredTopics = earlier.answeredTopics
        isChanged = true
        for id in records.keys {
            records[id]?.outstanding = 0
            records[id]?.replies = []
            records[id]?.nextQuestion = now
            records[id]?.isBunched = true
            due.insert(Due(instant: now, id: id))
        }
    }

    private static let versions = Atomic<UInt64>(0)

    private mutating func change(_ id: GUID, _ body: (inout WatchedPrincipal) -> Void) {
        guard var principal = facts.principals[id] else { return }
        let before = principal
        body(&principal)
        guard principal != before else { return }
        principal.version = Self.versions.add(1, ordering: .relaxed).newValue
        facts.principals[id] = principal
        isChanged = true
    }

    // MARK: Principals

    /// Watches a principal until its token expires. False if there are too many.
    mutating func remember(_ interest: WatchInterest, firstDeadline: NIODeadline, at now: Age) -> Bool {
        let id = interest.objectID
        if records[id] != nil {
            // This changes no decision.
            if let known = facts.principals[id], known.until < interest.until {
                facts.principals[id]?.until = interest.until
                isChanged = true
            }
            return true
        }
        guard records.count < Self.maximumPrincipals else {
            if !facts.isFull {
                facts.isFull = true
                isChanged = true
            }
            return false
        }
        records[id] = Record(
            kind: interest.kind, created: now, nextQuestion: now.instant, roundBegan: now, firstDeadline: firstDeadline)
        due.insert(Due(instant: now.instant, id: id))
        facts.principals[id] = WatchedPrincipal(
            version: Self.versions.add(1, ordering: .relaxed).newValue, until: interest.until)
        isChanged = true
        return true
    }

    /// Whether a review may still wait for the first answer about a principal.
    func isFirstAnswerDue(_ id: GUID) -> Bool { facts.principals[id]?.isFirstAnswerDue ?? false }

    /// Drops principals whose tokens have expired, ends overdue first waits, and notices silence. Returns the
    /// principals whose first wait is over.
    ///
    /// - Parameter limit: how many principals to visit at most; the next call continues with the others.
    mutating func passTime(to now: Age, limit: Int = .max) -> [GUID] {
        if unvisited.isEmpty {
            unvisited = Array(records.keys)
            countToVisit = unvisited.count
            found = Summary()
        }
        var over: [GUID] = []
        for id in unvisited.suffix(limit) { if visit(id, at: now) { over.append(id) } }
        unvisited.removeLast(min(limit, unvisited.count))
        if unvisited.isEmpty { summary = found }
        return over
    }

    /// Whether no pass is unfinished.
    var isVisited: Bool { unvisited.isEmpty }

    /// Returns whether the principal's first wait is over.
    private mutating func visit(_ id: GUID, at now: Age) -> Bool {
        guard let record = records[id] else { return false }
        if let until = facts.principals[id]?.until, until <= now.time, record.outstanding == 0 {
            records[id] = nil
            facts.principals[id] = nil
            facts.isFull = false
            isChanged = true
            return false
        }
        let isOver = record.firstDeadline <= now.instant && isFirstAnswerDue(id)
        if isOver { change(id) { $0.isFirstAnswerDue = false } }
        let isSilent = !isFirstAnswerDue(id) && isSilent(record, at: now.instant)
        change(id) { $0.isSilent = isSilent }
        let oldest = oldestAnswer(record)
        if found.oldestAnswer.map({ oldest.instant < $0.instant }) ?? true { found.oldestAnswer = oldest }
        if let changed = record.changed, now.instant - changed < .hours(1) { found.changedCount += 1 }
        return isOver
    }

    /// Checks the older one of the principal's two answers.
    private func isSilent(_ record: Record, at now: NIODeadline) -> Bool {
        guard record.accountAge != nil || record.membershipAge != nil else { return true }
        return now - oldestAnswer(record).instant >= every * 3
    }

    private func oldestAnswer(_ record: Record) -> Age {
        func age(isAccount: Bool, _ own: Age?) -> Age? {
            guard let first = answeredTopics[Topic(collection: record.collection, isAccount: isAccount)] else {
                return nil
            }
            // If a permission was granted only now, a principal that still waits for its own answer does not count as
            // silent.
            return own ?? (first.instant < record.created.instant ? record.created : first)
        }
        let ages = [
            age(isAccount: true, record.accountAge), age(isAccount: false, record.membershipAge),
        ].compactMap { $0 }
        return ages.min { $0.instant < $1.instant } ?? record.created
    }

    // MARK: Questions

    /// Number of questions for one principal.
    var questionsEach: Int { 1 + (groups.count + WatchBatch.groupsInQuestion - 1) / WatchBatch.groupsInQuestion }

    /// Number of requests that ask about everybody once. The questions about one principal are in one request if they
    /// fit.
    var batchesEachRound: Int {
        let each = questionsEach
        return each > WatchBatch.size
            ? records.count * ((each + WatchBatch.size - 1) / WatchBatch.size)
            : (records.count + WatchBatch.size / each - 1) / (WatchBatch.size / each)
    }

    /// When the next questions are due; nil if all questions are open, or nobody is watched.
    mutating func nextDue() -> NIODeadline? {
        while let first = due.min {
            if let record = records[first.id], record.outstanding == 0, record.nextQuestion == first.instant {
                return first.instant
            }
            due.removeMin()
        }
        return nil
    }

    mutating func hasDue(at now: NIODeadline) -> Bool { nextDue().map { $0 <= now } ?? false }

    /// The due questions, the longest-waiting first; they count as asked from now on.
    mutating func takeDue(at now: Age, limit: Int) -> [WatchQuestion] {
        let each = questionsEach
        var taken: [(id: GUID, record: Record)] = []
        while taken.count < max(1, limit / each), let first = nextDue(), first <= now.instant {
            let id = due.removeMin().id
            guard let record = records[id] else { continue }
            // Only valid entries are taken, and each principal has one.
            taken.append((id, record))
            records[id]?.outstanding = each
        }
        lateness = taken.first.map { now.instant - $0.record.nextQuestion } ?? .zero
        var questions: [WatchQuestion] = []
        for (id, record) in taken {
            let collection = record.collection
            var own = [WatchQuestion(objectID: id, collection: collection, kind: .account)]
            for start in stride(from: 0, to: groups.count, by: WatchBatch.groupsInQuestion) {
                let part = Array(groups[start..<min(start + WatchBatch.groupsInQuestion, groups.count)])
                own.append(WatchQuestion(objectID: id, collection: collection, kind: .membership(part)))
            }
            records[id]?.replies = []
            records[id]?.roundBegan = now
            // After an outage or a burst of sign-ins, everybody is late at the same time.
            if (now.instant - record.nextQuestion - Self.tick) * 2 > every { records[id]?.isBunched = true }
            // Counted from the question, so that an answer is never older than `every` when the next one is requested.
            records[id]?.nextQuestion = now.instant + every - Self.tick
            questions += own
        }
        return questions
    }

    /// Stores one reply. Returns the principal if the reply was the last one of its round.
    mutating func take(_ reply: WatchReply, to question: WatchQuestion, at now: NIODeadline) -> GUID? {
        let id = question.objectID
        guard var record = records[id], record.outstanding > 0 else { return nil }
        record.replies.append((question, reply))
        record.outstanding -= 1
        records[id] = record
        let topic = Topic(collection: question.collection, isAccount: question.kind == .account)
        if reply.isAnswer {
            if answeredTopics[topic] == nil { answeredTopics[topic] = record.roundBegan }
            forbiddenTopics.remove(topic)
        }
        if reply == .forbidden { forbiddenTopics.insert(topic) }
        guard record.outstanding == 0 else { return nil }
        endRound(id, record, at: now)
        return id
    }

    /// A part of a time that depends on the principal: principals that were asked about at the same moment are asked
    /// about at different moments from then on.
    private static func part(of time: TimeAmount, for id: GUID) -> TimeAmount {
        // Fibonacci hashing: numbers that follow each other become far apart.
        let fraction = Int64((id.folded &* 0x9E37_79B9_7F4A_7C15) >> 56)
        return .nanoseconds(time.nanoseconds / 256 * (fraction + 1))
    }

    private mutating func endRound(_ id: GUID, _ given: Record, at now: NIODeadline) {
        var record = given
        let account = record.replies.first { $0.question.kind == .account }?.reply ?? .failed
        let exists = if case .account = account { true } else { false }
        // Whoever has an account is not deleted: the reply may be about one of the groups.
        let parts = record.replies.filter { $0.question.kind != .account }
            .map { exists && $0.reply == .deleted ? .unclear : $0.reply }
        record.replies = []
        let before = facts.principals[id]
        var accountFact = before?.account
        switch account {
        case .account(let isEnabled, let validFrom):
            accountFact = WatchedPrincipal.Account(isEnabled: isEnabled, sessionsValidFrom: validFrom)
            record.accountAge = record.roundBegan
        case .deleted:
            accountFact = WatchedPrincipal.Account(isEnabled: false)
            record.accountAge = record.roundBegan
        default:
            // Without the permission to read accounts, a deleted account shows only in the reply about membership.
            if parts.contains(.deleted) {
                accountFact = WatchedPrincipal.Account(isEnabled: false)
                record.accountAge = record.roundBegan
            }
        }
        var membershipFact = before?.membership
        if !groups.isEmpty, parts.allSatisfy(\.isAnswer) {
            let members = parts.flatMap { if case .members(let ids) = $0 { ids } else { [GUID]() } }
            membershipFact = WatchedPrincipal.Membership(asked: groups, members: members)
            record.membershipAge = record.roundBegan
        }
        let isSettled = ([account] + parts).allSatisfy { $0.isAnswer || $0 == .forbidden }
        let hadAnswers = before?.account != nil || before?.membership != nil
        if hadAnswers, accountFact != before?.account || membershipFact?.members != before?.membership?.members {
            record.changed = now
        }
        let pauses = ([account] + parts).compactMap { if case .throttled(let seconds) = $0 { seconds } else { nil } }
        if let pause = pauses.max() {
            record.nextQuestion = now + .seconds(pause)
        } else if !isSettled {
            record.nextQuestion = now + (isFirstAnswerDue(id) ? Self.firstRetry : min(every, Self.retry))
        } else if record.isBunched {
            record.isBunched = false
            record.nextQuestion = record.roundBegan.instant + Self.part(of: every - Self.tick, for: id)
        }
        records[id] = record
        due.insert(Due(instant: record.nextQuestion, id: id))
        let isSilent = !(isFirstAnswerDue(id) && !isSettled) && isSilent(record, at: now)
        change(id) { principal in
            principal.account = accountFact
            principal.membership = membershipFact
            if isSettled { principal.isFirstAnswerDue = false }
            principal.isSilent = principal.isFirstAnswerDue ? false : isSilent
        }
    }
}
