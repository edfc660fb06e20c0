public import Authentication
import Entra
import HTTPSClient
public import Logging
import NIOConcurrencyHelpers
public import NIOCore
import Timestamps

/// Asks Microsoft Graph regularly about the accounts and memberships of principals whose tokens are still valid.
///
/// Everything runs on one event loop that answers no reviews. The answers are published as a value; a decision never
/// waits for this class.
// Sendable without checks: mutable state is used only on the event loop, except for the status, which has a lock.
public final class DirectoryWatcher: @unchecked Sendable {
    /// Largest number of questions a second, whatever `watchEvery` would need.
    static let questionsEachSecond = 4000
    private static let batchesInFlight = 16
    /// Shortest time between two batches.
    private static let shortestPause = TimeAmount.nanoseconds(
        1_000_000_000 * Int64(WatchBatch.size) / Int64(questionsEachSecond))
    /// Time in which every principal is visited once, to see whose token has expired and who waits too long.
    private static let visitEvery = TimeAmount.milliseconds(250)

    private let configuration: DirectoryConfiguration
    private let eventLoop: any EventLoop
    private let transport: any WatchTransport
    private let logger: Logger
    private let refusesInSilence: Bool
    private let clock: @Sendable () -> Timestamp
    private let observe: @Sendable (WatchOutcome) -> Void
    private let publish: @Sendable (WatchFacts.Tenant?) -> Void
    private let latest = NIOLockedValueBox(WatchStatus())

    private var state: WatchState
    private var waiting: [GUID: [EventLoopPromise<Void>]] = [:]
    private var breaker = CircuitBreaker()
    /// The directory wants no requests before this time.
    private var pausedUntil = NIODeadline.uptimeNanoseconds(0)
    private var inFlight = 0
    private var lastVisit = NIODeadline.uptimeNanoseconds(0)
    /// When the directory last failed, or wanted no questions.
    private var lastTrouble: NIODeadline?
    /// No batch is sent before this time.
    private var nextBatch = NIODeadline.uptimeNanoseconds(0)
    private var saidForbidden: Set<WatchState.Topic> = []
    private var hasSaidFull = false
    private var hasSaidSlow = false
    private var lastWarning: NIODeadline?
    private var turn: (at: NIODeadline, task: Scheduled<Void>)?
    private var isStopped = false

    /// - Parameters:
    ///   - configuration: its groups are the configured ones, whatever group resolution asks about.
    ///   - eventLoop: where requests run; not one that answers reviews.
    ///   - publish: receives the facts for decisions; nil after the watch has ended.
    public convenience init(
        configuration: DirectoryConfiguration,
        eventLoop: any EventLoop,
        logger: Logger,
        observe: @escaping @Sendable (WatchOutcome) -> Void,
        publish: @escaping @Sendable (WatchFacts.Tenant?) -> Void
    ) {
        self.init(
            configuration: configuration, eventLoop: eventLoop, logger: logger,
            transport: GraphTransport(configuration: configuration, eventLoop: eventLoop), clock: { .now() },
            observe: observe,
            publish: publish)
    }

    /// - Parameters:
    ///   - transport: takes the batches to Microsoft Graph.
    ///   - clock: says when tokens end, and the age of answers for people. All other times are the event loop's.
    init(
        configuration: DirectoryConfiguration,
        eventLoop: any EventLoop,
        logger: Logger,
        transport: any WatchTransport,
        clock: @escaping @Sendable () -> Timestamp,
        observe: @escaping @Sendable (WatchOutcome) -> Void,
        publish: @escaping @Sendable (WatchFacts.Tenant?) -> Void
    ) {
        self.configuration = configuration
        self.transport = transport
        self.eventLoop = eventLoop
        refusesInSilence = configuration.settings.whenSilent == .refuse
        self.clock = clock
        self.observe = observe
        self.publish = publish
        var logger = logger
        logger[metadataKey: "tenant"] = "\(configuration.trust.tenantID)"
        self.logger = logger
        state = WatchState(groups: configuration.groups ?? [], every: TimeAmount(configuration.settings.watchEvery))
    }

    /// Starts asking. Must be called on the event loop.
    ///
    /// - Parameter earlier: a watch of the same tenant. It is stopped, and its answers stay valid.
    public func start(after earlier: DirectoryWatcher? = nil) {
        eventLoop.assertInEventLoop()
        if let earlier {
            earlier.stop(isReplaced: true)
            state.carryOver(from: earlier.state, now: eventLoop.now)
            pausedUntil = earlier.pausedUntil
            waiting = earlier.waiting
            earlier.waiting = [:]
        }
        publishChanges()
        transport.prepare()
        takeTurn(at: eventLoop.now + WatchState.tick)
    }

    /// Ends the watch: no more questions are sent. Must be called on the event loop.
    public func stop(isReplaced: Bool = false) {
        isStopped = true
        turn?.task.cancel()
        transport.close()
        guard !isReplaced else { return }
        publish(nil)
        for promise in waiting.values.joined() { promise.succeed() }
        waiting = [:]
    }

    /// The current state, from any thread.
    public var status: WatchStatus { latest.withLockedValue { $0 } }

    /// Watches a principal until its token expires. From any thread.
    public func remember(_ interest: WatchInterest) {
        eventLoop.execute { self.admit(interest, firstDeadline: self.eventLoop.now) }
    }

    /// Completes when the first answer about a principal is in use, or at the deadline; at once if there is nothing to
    /// wait for. From any thread.
    public func firstAnswer(_ interest: WatchInterest, deadline: NIODeadline, on asking: any EventLoop)
        -> EventLoopFuture<Void>
    {
        let promise = asking.makePromise(of: Void.self)
        eventLoop.execute {
            let id = interest.objectID
            guard self.admit(interest, firstDeadline: deadline), self.state.isFirstAnswerDue(id) else {
                return promise.succeed()
            }
            self.waiting[id, default: []].append(promise)
            // Not at once, because others may follow and share the batch.
            self.takeTurn(at: self.eventLoop.now + .milliseconds(2))
        }
        return promise.futureResult
    }

    private var now: WatchState.Age { WatchState.Age(instant: eventLoop.now, time: clock()) }

    @discardableResult
    private func admit(_ interest: WatchInterest, firstDeadline: NIODeadline) -> Bool {
        guard !isStopped else { return false }
        let countBefore = state.records.count
        let isAdmitted = state.remember(interest, firstDeadline: firstDeadline, at: now)
        if isAdmitted {
            // The warning may be repeated after the number has fallen below nine tenths of the limit.
            if state.records.count < WatchState.maximumPrincipals / 10 * 9 { hasSaidFull = false }
            sayWhetherSlow()
        } else if !hasSaidFull {
            hasSaidFull = true
            logger.warning(
                "more principals sign in than are watched",
                metadata: [
                    "watched": "\(WatchState.maximumPrincipals)",
                    "others": refusesInSilence ? "refused" : "judged by their tokens alone",
                ])
        }
        // That somebody stays watched for longer changes no decision, so it is published with the next change.
        if !isAdmitted || state.records.count > countBefore { publishChanges() }
        return isAdmitted
    }

    // MARK: Turns

    /// Takes a turn at that time, or earlier if one is planned.
    private func takeTurn(at time: NIODeadline) {
        if let turn {
            guard time < turn.at else { return }
            turn.task.cancel()
        }
        let task = eventLoop.scheduleTask(deadline: time) { [weak self] () -> Void in self?.takeTurn() }
        turn = (time, task)
    }

    /// One small piece of work: some principals are visited, and one batch is sent.
    private func takeTurn() {
        turn = nil
        guard !isStopped else { return }
        let now = now
        visit(now)
        let hasAsked = ask(now)
        // Publishes changes for which no review has waited.
        publishChanges()
        let isLate = state.nextDue().map { now.instant - $0 > WatchState.tick } ?? false
        let isEarly = !hasAsked && now.instant < nextBatch
        takeTurn(at: hasAsked && isLate || isEarly ? nextBatch : now.instant + pause)
    }

    /// Time between two turns. At this pace, everybody is asked about within nine tenths of `watchEvery`: requests are
    /// spread over that time, and the rest is for catching up.
    private var pause: TimeAmount {
        let even = state.every.nanoseconds * 9 / 10 / Int64(max(1, state.batchesEachRound))
        return max(Self.shortestPause, min(.nanoseconds(even), WatchState.tick))
    }

    private func visit(_ now: WatchState.Age) {
        let elapsed = now.instant - lastVisit
        guard elapsed * 10 >= Self.visitEvery else { return }
        lastVisit = now.instant
        let part = Int(min(elapsed, Self.visitEvery).nanoseconds) * 100 / Int(Self.visitEvery.nanoseconds)
        let over = state.passTime(to: now, limit: max(64, state.countToVisit * part / 100))
        publishChanges()
        for id in over { endWait(id) }
        if state.isVisited { updateStatus() }
    }

    /// Returns whether a batch was sent.
    private func ask(_ now: WatchState.Age) -> Bool {
        guard now.instant >= max(nextBatch, pausedUntil), inFlight < Self.batchesInFlight,
            state.hasDue(at: now.instant)
        else { return false }
        // After an outage, one batch tests whether it is over.
        guard breaker.admits(at: now.instant) else { return false }
        let questions = state.takeDue(at: now, limit: WatchBatch.size)
        sayWhetherLate(state.lateness, at: now.instant)
        nextBatch = now.instant
        for start in stride(from: 0, to: questions.count, by: WatchBatch.size) {
            nextBatch = nextBatch + Self.shortestPause
            send(Array(questions[start..<min(start + WatchBatch.size, questions.count)]), mayRetry: true)
        }
        return true
    }

    private func send(_ questions: [WatchQuestion], mayRetry: Bool) {
        inFlight += 1
        let deadline = eventLoop.now + TimeAmount(configuration.settings.timeout)
        let answer = eventLoop.makePromise(of: GraphReply.self)
        let timer = eventLoop.scheduleTask(deadline: deadline) { answer.fail(DirectoryError.deadline) }
        let used = NIOLockedValueBox<String?>(nil)
        transport.token().flatMap { token -> EventLoopFuture<GraphReply> in
            used.withLockedValue { $0 = token }
            return self.transport.send(WatchBatch.encode(questions), token: token)
        }.cascade(to: answer)
        answer.futureResult.whenComplete { result in
            timer.cancel()
            self.inFlight -= 1
            guard !self.isStopped else { return }
            self.received(result, to: questions, token: used.withLockedValue { $0 }, mayRetry: mayRetry)
        }
    }

    private func received(
        _ result: Result<GraphReply, any Error>, to questions: [WatchQuestion], token: String?, mayRetry: Bool
    ) {
        let failure: DirectoryError
        do {
            let reply = try result.get()
            if let seconds = reply.wantedPause { return paused(for: seconds, questions) }
            let replies = try reply.replies(to: questions)
            if replies.contains(.unauthorized), let token { transport.drop(token) }
            let isHopeless = replies.allSatisfy { $0 == .failed || $0 == .unauthorized }
            if isHopeless { failed() } else { breaker.succeeded() }
            return take(replies, to: questions)
        } catch {
            failure = error as? DirectoryError ?? .graph(.unreachable)
        }
        if failure == .unauthorized, let token {
            // The secret may have changed: try once more with a new token.
            transport.drop(token)
            if mayRetry { return send(questions, mayRetry: false) }
        }
        if case .throttled(let seconds) = failure { return paused(for: seconds, questions) }
        failed()
        warn("Microsoft Graph does not answer about watched principals", configuration.explanation(of: failure))
        take(questions.map { _ in .failed }, to: questions)
    }

    private func failed() {
        lastTrouble = eventLoop.now
        breaker.failed(nil, at: eventLoop.now)
    }

    /// The directory asked for a pause of all requests.
    private func paused(for seconds: Int64, _ questions: [WatchQuestion]) {
        breaker.succeeded()
        pausedUntil = max(pausedUntil, eventLoop.now + .seconds(seconds))
        lastTrouble = pausedUntil
        var explanation = configuration.explanation(of: .throttled(seconds: seconds))
        explanation.cause = "for \(seconds) s"
        warn("Microsoft Graph wants no questions", explanation)
        take(questions.map { _ in .throttled(seconds: seconds) }, to: questions)
    }

    private func take(_ replies: [WatchReply], to questions: [WatchQuestion]) {
        let instant = eventLoop.now
        var ended: [GUID] = []
        for (question, reply) in zip(questions, replies) {
            observe(reply.outcome)
            if let id = state.take(reply, to: question, at: instant) { ended.append(id) }
        }
        sayWhatIsForbidden()
        publishChanges()
        // Other questions have waited for a free place.
        if inFlight == Self.batchesInFlight - 1, state.hasDue(at: instant) {
            takeTurn(at: max(instant, nextBatch))
        }
        for id in ended where !state.isFirstAnswerDue(id) { endWait(id) }
    }

    /// Called after the facts were published, so that waiting reviews use them.
    private func endWait(_ id: GUID) {
        for promise in waiting.removeValue(forKey: id) ?? [] { promise.succeed() }
    }

    private func publishChanges() {
        guard state.isChanged else { return }
        state.isChanged = false
        publish(state.facts)
    }

    // MARK: Logging and status

    private func updateStatus() {
        var status = WatchStatus()
        status.principals = state.records.count
        status.oldestAnswer = state.summary.oldestAnswer?.time
        status.changedCount = state.summary.changedCount
        let topics = state.forbiddenTopics.map(\.sentence).sorted()
        status.forbidden = topics.isEmpty ? nil : topics.joined(separator: "; ")
        latest.withLockedValue { $0 = status }
    }

    private func sayWhatIsForbidden() {
        for topic in state.forbiddenTopics where saidForbidden.insert(topic).inserted {
            logger.warning(
                "Microsoft Graph forbids a question of the watch",
                metadata: ["cause": "\(topic.sentence)", "from": "\(configuration.graph)"])
        }
    }

    /// Warns once if the directory answers, but too slowly for so many principals.
    private func sayWhetherLate(_ lateness: TimeAmount, at now: NIODeadline) {
        guard !hasSaidSlow, lateness > state.every, breaker.isOpen == false,
            lastTrouble.map({ now - $0 > state.every * 3 + .seconds(10) }) ?? true
        else { return }
        hasSaidSlow = true
        logger.warning(
            "the watch asks less often than watchEvery: Microsoft Graph answers too slowly for so many principals",
            metadata: [
                "principals": "\(state.records.count)",
                "secondsLate": "\(lateness.nanoseconds / 1_000_000_000)",
            ])
    }

    private func sayWhetherSlow() {
        let questions = state.records.count * state.questionsEach
        let seconds = max(1, state.every.nanoseconds / 1_000_000_000)
        guard !hasSaidSlow, questions > Self.questionsEachSecond * Int(seconds) else { return }
        hasSaidSlow = true
        logger.warning(
            "the watch asks less often than watchEvery: there are too many principals",
            metadata: ["questionsEachRound": "\(questions)", "questionsEachSecond": "\(Self.questionsEachSecond)"])
    }

    private func warn(_ message: Logger.Message, _ explanation: DirectoryExplanation) {
        let now = eventLoop.now
        guard lastWarning.map({ now - $0 >= .seconds(5) }) ?? true else { return }
        lastWarning = now
        let keeps = state.answeredTopics.isEmpty ? "nothing is known yet: the token decides" : "the last answers stay"
        var metadata = explanation.metadata
        metadata["whenSilent"] = refusesInSilence ? "refuse" : "\(keeps)"
        logger.warning(message, metadata: metadata)
    }
}
