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
    /// The groups as they fit into questions.
    private let membershipParts: [[GUID]]
    let every: TimeAmount
    private(set) var records: [GUID: Record] = [:]
    /// One entry for each principal without an open question, and entries that are no longer valid.
    private var due: Heap<Due> = []
    /// What ``passTime(to:limit:)`` looks at. Everything in it follows from the records and the facts.
    private var visits = WatchVisits()
    /// What the current pass has found so far.
    private var found = Summary()
    /// The result of the last complete pass.
    private(set) var summary = Summary()
    /// The facts for decisions.
    private(set) var facts = WatchFacts.Tenant()
    /// The kinds of answers that the directory has ever given, and when it was first asked for them with success.
    private(set) var answeredTopics = TopicTimes()
    private(set) var forbiddenTopics: Set<Topic> = []
    /// How late the longest-waiting question was when questions were last taken.
    private(set) var lateness = TimeAmount.zero
    /// Whether ``facts`` have changed since they were last published.
    var isChanged = false

    init(groups: [GUID], every: TimeAmount) {
        self.groups = groups
        membershipParts = stride(from: 0, to: groups.count, by: WatchBatch.groupsInQuestion).map {
            Array(groups[$0..<min($0 + WatchBatch.groupsInQuestion, groups.count)])
        }
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
            let next = max(now, records[id]?.pausedUntil ?? now)
            records[id]?.nextQuestion = next
            records[id]?.isBunched = true
            due.insert(Due(instant: next, id: id))
            noteVisit(id)
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
                noteVisit(id)
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
        noteVisit(id)
        return true
    }

    /// Whether a review may still wait for the first answer about a principal.
    func isFirstAnswerDue(_ id: GUID) -> Bool { facts.principals[id]?.isFirstAnswerDue ?? false }

    /// Drops principals whose tokens have expired, ends overdue first waits, and notices silence. Returns the
    /// principals whose first wait is over.
    ///
    /// - Parameter limit: how many principals to visit at most; the next call continues with the others.
    mutating func passTime(to now: Age, limit: Int = .max) -> [GUID] {
        if visits.isComplete {
            visits.beginPass()
            found = Summary()
        }
        let over = visits.pass(limit: limit, now: now, summary: &found).filter { visit($0, at: now) }
        if visits.isComplete { summary = found }
        return over
    }

    /// Number of principals that the current pass began with.
    var countToVisit: Int { visits.countToVisit }

    /// Whether no pass is unfinished.
    var isVisited: Bool { visits.isComplete }

    /// Does what is due about a principal. Returns whether its first wait is over.
    private mutating func visit(_ id: GUID, at now: Age) -> Bool {
        guard let record = records[id] else { return false }
        if let until = facts.principals[id]?.until, until <= now.time, record.outstanding == 0 {
            records[id] = nil
            facts.principals[id] = nil
            facts.isFull = false
            isChanged = true
            visits.remove(id)
            return false
        }
        let isOver = record.firstDeadline <= now.instant && isFirstAnswerDue(id)
        if isOver { change(id) { $0.isFirstAnswerDue = false } }
        let isSilent = !isFirstAnswerDue(id) && silentFrom(record) <= now.instant
        change(id) { $0.isSilent = isSilent }
        noteVisit(id)
        return isOver
    }

    /// Brings the next visit in line with what is known of the principal.
    private mutating func noteVisit(_ id: GUID) {
        guard let record = records[id], let known = facts.principals[id] else { return }
        visits.set(
            WatchVisits.Visit(
                id: id, until: known.until, firstDeadline: known.isFirstAnswerDue ? record.firstDeadline : nil,
                silentFrom: silentFrom(record), isSilent: known.isSilent, oldestAnswer: oldestAnswer(record),
                changed: record.changed))
    }

    /// When silence begins; at once where there has been no answer. The older one of the two answers counts.
    private func silentFrom(_ record: Record) -> NIODeadline {
        guard record.accountAge != nil || record.membershipAge != nil else { return .uptimeNanoseconds(0) }
        return oldestAnswer(record).instant + every * 3
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
        let account = age(isAccount: true, record.accountAge)
        guard let membership = age(isAccount: false, record.membershipAge) else { return account ?? record.created }
        guard let account else { return membership }
        return membership.instant < account.instant ? membership : account
    }

    // MARK: Questions

    /// Number of questions for one principal.
    var questionsEach: Int { 1 + membershipParts.count }

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
        var questions: [WatchQuestion] = []
        lateness = .zero
        while questions.isEmpty || questions.count + each <= limit, let first = nextDue(), first <= now.instant {
            let id = due.removeMin().id
            guard let collection = records[id]?.collection else { continue }
            if questions.isEmpty { lateness = now.instant - first }
            questions.append(WatchQuestion(objectID: id, collection: collection, kind: .account))
            for part in membershipParts {
                questions.append(WatchQuestion(objectID: id, collection: collection, kind: .membership(part)))
            }
            records[id]?.beginRound(questions: each, at: now, every: every)
        }
        return questions
    }

    /// Stores one reply. Returns the principal if the reply was the last one of its round.
    mutating func take(_ reply: WatchReply, to question: WatchQuestion, at now: NIODeadline) -> GUID? {
        let id = question.objectID
        guard records[id]?.outstanding ?? 0 > 0 else { return nil }
        records[id]?.add(reply, to: question)
        guard let record = records[id] else { return nil }
        let topic = Topic(collection: question.collection, isAccount: question.kind == .account)
        if reply.isAnswer {
            if answeredTopics[topic] == nil {
                answeredTopics[topic] = record.roundBegan
                for other in records.keys { noteVisit(other) }
            }
            if !forbiddenTopics.isEmpty { forbiddenTopics.remove(topic) }
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
        // A 404 may be about one of the groups. Only where accounts may not be read, it is the only sign of a deletion.
        let mayBeDeleted = account == .deleted || account == .forbidden
        let parts = record.replies.filter { $0.question.kind != .account }
            .map { $0.reply == .deleted && !mayBeDeleted ? .unclear : $0.reply }
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
        record.pausedUntil = pauses.max().map { now + .seconds($0) }
        if let pausedUntil = record.pausedUntil {
            record.nextQuestion = pausedUntil
        } else if !isSettled {
            record.nextQuestion = now + (isFirstAnswerDue(id) ? Self.firstRetry : min(every, Self.retry))
        } else if record.isBunched {
            record.isBunched = false
            record.nextQuestion = record.roundBegan.instant + Self.part(of: every - Self.tick, for: id)
        }
        records[id] = record
        due.insert(Due(instant: record.nextQuestion, id: id))
        let isSilent = !(isFirstAnswerDue(id) && !isSettled) && silentFrom(record) <= now
        change(id) { principal in
            principal.account = accountFact
            principal.membership = membershipFact
            if isSettled { principal.isFirstAnswerDue = false }
            principal.isSilent = principal.isFirstAnswerDue ? false : isSilent
        }
        noteVisit(id)
    }
}
