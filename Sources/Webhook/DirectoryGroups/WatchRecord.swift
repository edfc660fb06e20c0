import Entra
import NIOCore

extension WatchState {
    /// What is known of one principal's questions and answers.
    struct Record {
        var kind: SubjectKind
        var created: Age
        var membershipAge: Age?
        var accountAge: Age?
        var nextQuestion: NIODeadline
        /// Whether its questions may be due together with those of many others. The next interval is then shorter, to
        /// spread them.
        var isBunched = true
        /// The directory wants no questions about the principal before this time.
        var pausedUntil: NIODeadline?
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

        mutating func beginRound(questions: Int, at now: Age, every: TimeAmount) {
            outstanding = questions
            replies.removeAll(keepingCapacity: true)
            roundBegan = now
            // After an outage or a burst of sign-ins, everybody is late at the same time.
            if (now.instant - nextQuestion - WatchState.tick) * 2 > every { isBunched = true }
            // Counted from the question, so that an answer is never older than `every` when the next one is requested.
            nextQuestion = now.instant + every - WatchState.tick
        }

        mutating func add(_ reply: WatchReply, to question: WatchQuestion) {
            replies.append((question, reply))
            outstanding -= 1
        }
    }

    /// The kind of an answer, because permissions differ between the kinds.
    struct Topic: Hashable {
        var collection: DirectoryCollection
        var isAccount: Bool
    }

    /// When each kind of answer was first asked for with success. Looked up with each answer, so nothing is hashed.
    struct TopicTimes {
        private var users: (account: Age?, membership: Age?)
        private var servicePrincipals: (account: Age?, membership: Age?)

        subscript(topic: Topic) -> Age? {
            get {
                let times = topic.collection == .users ? users : servicePrincipals
                return topic.isAccount ? times.account : times.membership
            }
            set {
                switch (topic.collection, topic.isAccount) {
                case (.users, true): users.account = newValue
                case (.users, false): users.membership = newValue
                case (.servicePrincipals, true): servicePrincipals.account = newValue
                case (.servicePrincipals, false): servicePrincipals.membership = newValue
                }
            }
        }

        var isEmpty: Bool {
            users.account == nil && users.membership == nil && servicePrincipals.account == nil
                && servicePrincipals.membership == nil
        }
    }
}
