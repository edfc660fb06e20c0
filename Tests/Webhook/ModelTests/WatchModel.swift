/// What has to be decided while Entra changes and rotates its keys, and its servers answer when they like, in the simplest
/// terms: what was answered last, and what follows from it. It shares no code with the program. Times are milliseconds since the
/// start; what tokens and lists hold are seconds.
struct WatchModel {
    enum Scope: String, CaseIterable {
        case off, admins, everyone
    }

    struct Denied: Equatable {
        /// Nil: the entry is about one token.
        var person: Int?
        var tokenID: String?
        var issuedBefore: Int?
        var until: Int?
    }

    struct Emergency: Equatable {
        var person: Int
        var until: Int
        var group: String
    }

    struct Settings: Equatable {
        var scope = Scope.everyone
        /// Seconds.
        var every = 2
        var refusesInSilence = false
        var adminGroup = 0
        var hasMapping = true
        var denied: [Denied] = []
        var emergency: Emergency?

        /// In the order of the configuration.
        var groups: [Int] { hasMapping && adminGroup != Self.mapped ? [adminGroup, Self.mapped] : [adminGroup] }

        static let mapped = 1
    }

    struct Token: Hashable {
        var id: String
        var person: Int
        var issued: Int
        var groups: [Int]
        var key: Int
    }

    /// A person as Entra has it at a moment.
    struct Person: Equatable {
        var groups: Set<Int> = []
        var isEnabled = true
        var isDeleted = false
        var sessionsValidFrom = 0
    }

    /// What is in force about somebody: of when it is, and when it was asked for.
    struct Record {
        let created: Int
        let firstDeadline: Int
        var isFirstDone = false
        var account: (isEnabled: Bool, validFrom: Int)?
        var accountTimes: (asked: Int, true: Int)?
        var membership: (asked: Set<Int>, members: Set<Int>)?
        var membershipTimes: (asked: Int, true: Int)?
    }

    /// What one part of an answer says.
    enum Part: Equatable {
        /// The person as it was then.
        case answer(Person)
        case forbidden
        case failed

        /// Whether a 404 beside this part means that the person is deleted.
        var mayMeanDeleted: Bool {
            if case .answer(let entra) = self { entra.isDeleted } else { self == .forbidden }
        }
    }

    /// How late the program may notice that time has passed: it looks four times a second.
    static let slack = 600
    static let reviewDeadline = 5000
    static let refreshEvery = 30_000

    var settings = Settings()
    /// Milliseconds since the start.
    var now = 0
    /// By how many seconds the wall clock was set.
    var clockChange = 0
    private(set) var records: [Int: Record] = [:]
    private var lastChange = 0
    /// The keys that the last fetch brought; nil before the first.
    private(set) var knownKeys: Set<Int>?
    /// When it was first asked about accounts, and about memberships, with success.
    private var accountsSince: Int?
    private var membershipsSince: Int?

    static let start = 1_800_000_000
    var wall: Int { Self.start + now / 1000 + clockChange }

    // MARK: The watch

    /// Another configuration: what was learned stays, unless nobody is watched any more.
    mutating func apply(_ settings: Settings) {
        self.settings = settings
        lastChange = now
        guard settings.scope == .off else { return }
        records = [:]
        accountsSince = nil
        membershipsSince = nil
    }

    /// Somebody signs in: watched from now on, if the token or an emergency entry makes it an admin.
    ///
    /// - Parameter sent: when the review was sent; it may have waited for its key.
    mutating func signIn(_ token: Token, sent: Int) {
        guard keyProblem(token) == nil, records[token.person] == nil, isInScope(token), !isDenied(token) else { return }
        records[token.person] = Record(created: now, firstDeadline: sent + Self.reviewDeadline)
    }

    /// A fetch has brought other keys, or the same.
    mutating func takeKeys(_ keys: Set<Int>) { knownKeys = keys }

    /// Why the token's signature cannot be checked. Nobody is watched for such a token.
    func keyProblem(_ token: Token) -> String? {
        guard let knownKeys else { return "keys_unavailable" }
        return knownKeys.contains(token.key) ? nil : "key_not_found"
    }

    /// Answers about one person have arrived.
    mutating func take(_ person: Int, account: Part, membership: Part, groups: [Int], asked: Int, true time: Int) {
        guard var record = records[person] else { return }
        var membership = membership
        if case .answer(let entra) = membership, entra.isDeleted, !account.mayMeanDeleted { membership = .failed }
        switch account {
        case .answer(let entra):
            record.account = (entra.isEnabled && !entra.isDeleted, entra.sessionsValidFrom)
            record.accountTimes = (asked, time)
            accountsSince = accountsSince ?? asked
        default:
            if case .answer(let entra) = membership, entra.isDeleted {
                record.account = (false, 0)
                record.accountTimes = (asked, time)
            }
        }
        if case .answer(let entra) = membership {
            record.membership = (Set(groups), entra.isDeleted ? [] : entra.groups.intersection(groups))
            record.membershipTimes = (asked, time)
            membershipsSince = membershipsSince ?? asked
        }
        if account != .failed, membership != .failed { record.isFirstDone = true }
        records[person] = record
    }

    private func isInScope(_ token: Token) -> Bool {
        switch settings.scope {
        case .off: false
        case .everyone: true
        case .admins: token.groups.contains(settings.adminGroup) || emergency(token.person)?.group == "admins"
        }
    }

    /// Whether a review may wait.
    func mayWait(_ token: Token) -> Bool {
        if keyProblem(token) != nil { return true }
        guard let record = records[token.person] else { return false }
        return !record.isFirstDone && now <= record.firstDeadline + Self.slack
    }

    /// Whether a review that waited may be answered: the answers are there, or time is up.
    func mayEnd(_ token: Token) -> Bool {
        guard keyProblem(token) == nil, let record = records[token.person] else { return true }
        return record.isFirstDone || now >= record.firstDeadline
    }

    // MARK: Decisions

    private func isDenied(_ token: Token) -> Bool {
        settings.denied.contains { entry in
            (entry.person == token.person || entry.tokenID == token.id)
                && entry.until.map { wall < $0 } ?? true && entry.issuedBefore.map { token.issued < $0 } ?? true
        }
    }

    private func emergency(_ person: Int) -> Emergency? {
        settings.emergency.flatMap { $0.person == person && wall < $0.until ? $0 : nil }
    }

    private func accountProblem(_ token: Token, _ record: Record?) -> String? {
        guard let account = record?.account else { return nil }
        if !account.isEnabled { return "account_disabled" }
        return token.issued < account.validFrom ? "sessions_revoked" : nil
    }

    /// For how long there has been no answer, of the older of the two that there ever was.
    private func silence(_ record: Record) -> Int? {
        guard record.account != nil || record.membership != nil else { return nil }
        var times: [Int] = []
        if let first = accountsSince { times.append(record.accountTimes?.asked ?? max(record.created, first)) }
        if let first = membershipsSince { times.append(record.membershipTimes?.asked ?? max(record.created, first)) }
        return now - (times.min() ?? record.created)
    }

    /// Every answer that is right; more than one only where the program may not have looked at the clock yet.
    func answers(_ token: Token) -> Set<String> {
        if let problem = keyProblem(token) { return [problem] }
        if isDenied(token) { return ["principal_denied"] }
        let record = settings.scope == .off ? nil : records[token.person]
        if let problem = accountProblem(token, record) { return [problem] }
        var groups = token.groups
        if let membership = record?.membership {
            groups = groups.filter { !membership.asked.contains($0) || membership.members.contains($0) }
            groups += membershipOrder(membership.asked).filter {
                membership.members.contains($0) && !groups.contains($0)
            }
        }
        let accepted = accepted(groups, emergency(token.person))
        guard settings.refusesInSilence, settings.scope != .off, emergency(token.person) == nil else {
            return [accepted]
        }
        guard let record else { return [isInScope(token) ? "group_resolution_failed" : accepted] }
        if !record.isFirstDone, now < record.firstDeadline { return ["group_resolution_failed"] }
        guard let silence = silence(record) else { return ["group_resolution_failed"] }
        let limit = settings.every * 3000
        var right: Set<String> = []
        // Under another configuration the same silence means something else.
        let isUndecided = now <= lastChange + Self.slack
        if silence >= limit - Self.slack || isUndecided { right.insert("group_resolution_failed") }
        if silence < limit + Self.slack || isUndecided { right.insert(accepted) }
        // The end of a first wait is noticed with the same delay.
        if !record.isFirstDone, now <= record.firstDeadline + Self.slack { right.insert("group_resolution_failed") }
        return right
    }

    /// Lowest first, admin groups before mapped ones: the orders of all configurations here.
    private func membershipOrder(_ asked: Set<Int>) -> [Int] {
        asked.sorted { ($0 == Settings.mapped ? 9 : $0) < ($1 == Settings.mapped ? 9 : $1) }
    }

    private func accepted(_ groups: [Int], _ emergency: Emergency?) -> String {
        var names: [String] = []
        if groups.contains(settings.adminGroup) { names.append("admins") }
        if settings.hasMapping, groups.contains(Settings.mapped) { names.append("developers") }
        if let emergency, !names.contains(emergency.group) { names.append(emergency.group) }
        return "accepted: " + (names + groups.map { "group \($0)" }).joined(separator: ", ")
    }

    /// Why a request of a user is denied that signed in with this token and has those groups; nil for no opinion.
    func denial(_ token: Token, groups: [String], hasEmergencyAccess: Bool) -> String? {
        if isDenied(token) { return "principal_denied" }
        let record = settings.scope == .off ? nil : records[token.person]
        if let problem = accountProblem(token, record) { return problem }
        if hasEmergencyAccess, emergency(token.person) == nil { return "emergency_access_ended" }
        guard let membership = record?.membership else { return nil }
        let isEnded = groups.contains { name in
            if emergency(token.person)?.group == name { return false }
            let givers = givers(name)
            return !givers.isEmpty
                && givers.allSatisfy { membership.asked.contains($0) && !membership.members.contains($0) }
        }
        return isEnded ? "membership_ended" : nil
    }

    private func givers(_ name: String) -> [Int] {
        if name == "admins" { return [settings.adminGroup] }
        if name == "developers" { return settings.hasMapping ? [Settings.mapped] : [] }
        return settings.groups.filter { "group \($0)" == name }
    }
}
