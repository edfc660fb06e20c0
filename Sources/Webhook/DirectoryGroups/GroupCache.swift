import DequeModule
import Entra
import Timestamps

/// The directory's answers by principal. The oldest are dropped if there are too many, or too many groups in them.
struct GroupCache {
    struct Answer {
        var groups: [GUID]
        /// When the question was sent.
        var at: Timestamp
    }

    private let maximumAnswers: Int
    private let maximumGroups: Int
    private var answers: [GUID: Answer] = [:]
    /// Each cached principal once, in the order of the first answer.
    private var order: Deque<GUID> = []
    private(set) var groupCount = 0

    init(maximumAnswers: Int = 10_000, maximumGroups: Int = 1_000_000) {
        self.maximumAnswers = maximumAnswers
        self.maximumGroups = maximumGroups
    }

    var count: Int { answers.count }

    /// An answer that is younger than `age` seconds. If the clock was set back, an old answer does not become young
    /// again.
    func answer(_ principal: GUID, youngerThan age: Int64, at now: Timestamp) -> Answer? {
        guard let answer = answers[principal] else { return nil }
        let seconds = now.seconds(since: answer.at)
        return seconds >= 0 && seconds < age ? answer : nil
    }

    /// Drops the answer about a principal.
    mutating func forget(_ principal: GUID) {
        guard let old = answers.removeValue(forKey: principal) else { return }
        groupCount -= old.groups.count
        order.removeAll { $0 == principal }
    }

    mutating func remember(_ principal: GUID, _ answer: Answer) {
        if let old = answers.updateValue(answer, forKey: principal) {
            groupCount -= old.groups.count
        } else {
            order.append(principal)
        }
        groupCount += answer.groups.count
        while answers.count > maximumAnswers || groupCount > maximumGroups, let oldest = order.popFirst() {
            groupCount -= answers.removeValue(forKey: oldest)?.groups.count ?? 0
        }
    }
}
