import NIOCore
import NIOEmbedded
import TestSupport
import Testing

/// For every history of Entra, its signing keys included, and every schedule of its servers' answers, each decision is the
/// one that follows from what has arrived, and what has arrived is never older than promised.
@Suite struct WatchHistoryTests {
    typealias Model = WatchModel
    typealias Token = (token: Model.Token, text: String)

    private static let people = 12
    /// The longest that a healthy Graph takes here, and how rarely the watch looks at its clock.
    private static let answerTime = 1400 + 300

    // Everything happens on the test's thread.
    private final class Run: @unchecked Sendable {
        var random: SplitMix
        var model = Model()
        var watch: RunningWatch?
        var entra = [Model.Person](repeating: Model.Person(), count: WatchHistoryTests.people)
        var mode = ScheduledGraph.Mode.healthy
        /// Since when Graph has answered every question, by what it has told itself.
        var healthySince = 0
        var waitUntil: [Int: Int] = [:]
        var authority: ScheduledAuthority?
        /// Since when the authority has answered every fetch with the same keys.
        var keysSince = 0
        var open: [Int: Open] = [:]
        var tokens: [Token] = []
        var signedIn: [(token: Model.Token, answer: RunningWatch.Answer)] = []
        var history: [String] = []
        var seen: [String: Int] = [:]
        var faults: [String] = []
        var (reviews, waited, denials, boundChecks, keyChecks) = (0, 0, 0, 0, 0)

        /// A review that has not been answered.
        struct Open {
            var token: Model.Token
            var sent: Int
        }

        init(seed: UInt64) throws {
            random = SplitMix(seed: seed)
            let watch = RunningWatch(wall: { [unowned self] in model.wall }, makeGraph: { [unowned self] in graph($0) })
            self.watch = watch
            for person in entra.indices { entra[person].groups = groups() }
            model.now = 0
            apply(Model.Settings())
            let authority = ScheduledAuthority(
                loop: watch.loop, delay: { [unowned self] in Int64(random.next() % 700) },
                deliver: { [unowned self] in keysArrived($0) })
            self.authority = authority
            watch.start(authority)
        }

        private func graph(_ loop: EmbeddedEventLoop) -> ScheduledGraph {
            ScheduledGraph(
                loop: loop, now: { [unowned self] in now }, random: { [unowned self] in random.next() },
                mode: { [unowned self] in mode }, person: { [unowned self] in entra[$0] },
                deliver: { [unowned self] person, account, membership, groups, asked, time in
                    model.now = now
                    model.take(
                        person, account: account, membership: membership, groups: groups, asked: asked, true: time)
                },
                toldToWait: { [unowned self] person, time in
                    if let person {
                        waitUntil[person] = max(waitUntil[person] ?? 0, time)
                    } else {
                        healthySince = max(healthySince, time)
                    }
                })
        }

        var now: Int { Int((watch?.loop.now.uptimeNanoseconds ?? 0) / 1_000_000) }

        private func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        private func isOne(in count: Int) -> Bool { pick(1...count) == 1 }
        private func groups() -> Set<Int> { Set((0...3).filter { _ in isOne(in: 2) }) }

        func note(_ text: String) { history.append("\(now) ms: \(text)") }

        func step() throws {
            model.now = now
            switch pick(0...99) {
            case 0..<51: try review()
            case 51..<73: pass(pick(20...1500))
            case 73..<77: pass(pick(3000...40_000))
            case 77..<85: changeEntra()
            case 85..<90: changeGraph()
            case 90..<94: apply(settings())
            case 94: setClock()
            case 95: publishKeys()
            case 96: changeAuthority()
            case 97: replaceStore()
            default: askAccess()
            }
        }

        func pass(_ milliseconds: Int) {
            note("\(milliseconds) ms pass")
            // In small steps, so that the wall clock goes on while tasks run.
            var rest = milliseconds
            while rest > 0 {
                let part = min(rest, 50)
                watch?.loop.advanceTime(by: .milliseconds(Int64(part)))
                model.now = now
                rest -= part
            }
        }

        private func changeEntra() {
            let person = pick(0...(WatchHistoryTests.people - 1))
            switch pick(0...9) {
            case 0...5: entra[person].groups = groups()
            case 6: entra[person].isEnabled.toggle()
            case 7: entra[person].isDeleted.toggle()
            default: entra[person].sessionsValidFrom = isOne(in: 3) ? 0 : model.wall + pick(-400...100)
            }
            note("person \(person) is \(entra[person])")
        }

        private func changeGraph() {
            let isHealthy = isOne(in: 2)
            mode = isHealthy ? .healthy : ScheduledGraph.Mode.allCases.randomElement(using: &random) ?? .healthy
            if mode == .healthy { healthySince = max(healthySince, now) }
            note("Graph is \(mode)")
        }

        private func publishKeys() {
            let keys = Set((0...2).filter { _ in isOne(in: 2) })
            authority?.publish(keys.isEmpty ? [pick(0...2)] : keys)
            keysSince = now
            note("Entra publishes the keys \(authority?.published.sorted() ?? [])")
        }

        private func changeAuthority() {
            let modes: [ScheduledAuthority.Mode] = [.serving, .serving, .serving, .failing, .hanging]
            let mode = modes.randomElement(using: &random) ?? .serving
            if mode != authority?.mode { keysSince = now }
            note("the authority is \(mode)")
            authority?.set(mode)
        }

        private func replaceStore() {
            note("a new key store")
            watch?.replaceStore()
        }

        /// Told before the program: reviews that waited for their key begin to be about their person.
        private func keysArrived(_ keys: Set<Int>) {
            model.now = now
            let before = model
            model.takeKeys(keys)
            note("the keys \(keys.sorted()) arrive")
            for (_, review) in open.sorted(by: { $0.key < $1.key })
            where before.keyProblem(review.token) != nil && model.keyProblem(review.token) == nil {
                model.signIn(review.token, sent: review.sent)
            }
        }

        private func setClock() {
            model.clockChange = max(-600, min(600, model.clockChange + pick(-300...300)))
            note("the clock is set to \(model.clockChange)")
        }

        private func settings() -> Model.Settings {
            var settings = model.settings
            if isOne(in: 2) {
                settings.scope = [.off, .admins, .everyone, .everyone].randomElement(using: &random) ?? .everyone
                settings.every = [1, 1, 2, 2, 5, 30].randomElement(using: &random) ?? 2
                settings.refusesInSilence = isOne(in: 2)
                settings.adminGroup = [0, 0, 2].randomElement(using: &random) ?? 0
                settings.hasMapping = !isOne(in: 4)
            }
            settings.denied = (0..<pick(0...2)).map { _ in
                Model.Denied(
                    person: isOne(in: 3) ? nil : pick(0...(WatchHistoryTests.people - 1)),
                    tokenID: tokens.randomElement(using: &random)?.token.id,
                    issuedBefore: isOne(in: 2) ? model.wall + pick(-600...200) : nil,
                    until: isOne(in: 2) ? model.wall + pick(1...60) : nil)
            }
            // One entry names one thing.
            for index in settings.denied.indices where settings.denied[index].person != nil {
                settings.denied[index].tokenID = nil
            }
            settings.emergency =
                isOne(in: 2)
                ? Model.Emergency(
                    person: pick(0...(WatchHistoryTests.people - 1)), until: model.wall + pick(1...90),
                    group: isOne(in: 2) ? "admins" : "emergency") : nil
            return settings
        }

        private func apply(_ settings: Model.Settings) {
            note("\(settings)")
            model.now = now
            lastReload = now
            model.apply(settings)
            watch?.apply(settings)
        }

        private func token() throws -> Token {
            if tokens.count > 30 || (!tokens.isEmpty && isOne(in: 2)), let known = tokens.randomElement(using: &random)
            {
                return known
            }
            let token = Model.Token(
                id: "token\(tokens.count)", person: pick(0...(WatchHistoryTests.people - 1)),
                issued: Model.start + pick(-500...1500), groups: groups().sorted(),
                key: isOne(in: 3) ? pick(0...2) : authority?.published.randomElement(using: &random) ?? 0)
            let made = (token, try RunningWatch.sign(token))
            tokens.append(made)
            return made
        }

        private func review() throws {
            let (token, text) = try token()
            reviews += 1
            let number = reviews
            note("review \(number): \(token)")
            let sent = now
            model.signIn(token, sent: sent)
            open[number] = Open(token: token, sent: sent)
            let isWaiting = watch?.review(text) { [unowned self] answer in
                open[number] = nil
                model.now = now
                let right = model.answers(token)
                if now > sent || isOverdue(sent) {
                    waited += 1
                    if now > sent + Model.reviewDeadline { fault("review \(number) waited too long") }
                    // Each review has a deadline of its own, which may be earlier than that of the first one.
                    if !model.mayEnd(token), now < sent + Model.reviewDeadline {
                        fault("review \(number) was given up too early")
                    }
                }
                note("answer \(number): \(answer.text)")
                if !right.contains(answer.text) {
                    fault("review \(number): \(answer.text), expected \(right.sorted())", token.person)
                }
                seen[answer.text.prefix { $0 != ":" }.description, default: 0] += 1
                if answer.isAccepted { signedIn.append((token, answer)) }
                checkBound(token.person, number)
                checkKeys(number)
            }
            if isWaiting == true, !model.mayWait(token) {
                fault("review \(number) waits although answers are known")
            }
        }

        private func isOverdue(_ sent: Int) -> Bool { now >= sent + Model.reviewDeadline }

        /// The bound of the contract: watchEvery, once Graph has been back for twice watchEvery and five seconds.
        private func checkBound(_ person: Int, _ number: Int) {
            guard mode == .healthy, model.settings.scope != .off, let record = model.records[person] else { return }
            let since = max(healthySince, record.created, waitUntil[person] ?? 0, lastReload)
            let every = model.settings.every * 1000
            guard now - since > 2 * every + 5000 + WatchHistoryTests.answerTime else { return }
            boundChecks += 1
            for time in [record.accountTimes?.true, record.membershipTimes?.true] {
                guard let time, now - time <= every + WatchHistoryTests.answerTime else {
                    return fault("review \(number) rests on facts of \(time.map(String.init) ?? "never")")
                }
            }
        }

        private var lastReload = 0

        /// Keys are fetched again after refreshEvery, or sooner after a failure.
        private func checkKeys(_ number: Int) {
            guard let authority, authority.mode == .serving, now - keysSince > 2 * Model.refreshEvery + 5000 else {
                return
            }
            keyChecks += 1
            if model.knownKeys != authority.published { fault("review \(number) rests on keys that are too old") }
        }

        private func askAccess() {
            guard let (token, answer) = signedIn.randomElement(using: &random) else { return }
            let expected = model.denial(token, groups: answer.groups, hasEmergencyAccess: answer.hasEmergencyAccess)
            let found = watch?.denial(answer)
            denials += 1
            note("access review of \(token) with \(answer.groups): \(found ?? "no opinion")")
            seen["access \(found ?? "no opinion")", default: 0] += 1
            if found != expected {
                fault("access review: \(found ?? "no opinion"), expected \(expected ?? "no opinion")")
            }
        }

        func fault(_ text: String, _ person: Int? = nil) {
            guard faults.isEmpty else { return }
            let known = person.flatMap { model.records[$0] }.map { "\($0)" } ?? "nothing"
            faults = history.suffix(80) + ["", "\(model.settings)", "known: \(known)", text]
        }
    }

    @Test("a decision is what follows from what has arrived, and that is no older than promised", arguments: 0..<8)
    func histories(seed: Int) throws {
        let run = try Run(seed: UInt64(seed))
        defer { run.watch?.end() }
        for _ in 0..<2500 where run.faults.isEmpty { try run.step() }
        run.pass(Model.reviewDeadline + 100)
        #expect(run.faults.isEmpty, "seed \(seed):\n\(run.faults.joined(separator: "\n"))")
        #expect(run.open.isEmpty, "every review is answered by its deadline")
        // A run in which nothing happens would prove nothing.
        guard run.faults.isEmpty else { return }
        #expect(run.reviews > 800 && run.waited > 5 && run.denials > 10 && run.boundChecks > 3 && run.keyChecks > 3)
        #expect(run.seen.count >= 8 && run.seen["key_not_found", default: 0] > 5, "\(run.seen)")
    }
}
