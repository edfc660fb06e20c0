import AccessPolicy
import Authentication
import Entra
import EntraTokens
import NIOCore
import OpenSSL
import Timestamps
import TokenReviewAPI

/// What all event loops remember together.
struct ReviewMemory: Sendable {
    let replays = ReplayCache()
    let cache: DecisionCache

    init(_ options: ServerOptions) { cache = DecisionCache(options.cache) }
}

/// Answers token reviews on one event loop: bytes in, bytes out, without any other thread.
final class ReviewEngine {
    let eventLoop: any EventLoop
    private let services: ReviewServices
    private let replays: ReplayCache
    let metrics: ServerMetrics
    let log: DecisionLog
    var options: ServerOptions
    let clock: @Sendable () -> Timestamp
    var authenticator: Authenticator
    /// Counts configurations, so that an answer to a question from an older one is not used.
    private var generation = 0
    private var keys: KeySnapshot
    var watch = WatchFacts.none
    private let cache: DecisionCache
    var ids = DecisionIDs()
    private let turns: FairScheduler
    private(set) var history = DecisionHistory()

    init(
        turns: FairScheduler,
        options: ServerOptions,
        basis: ReviewBasis,
        services: ReviewServices,
        memory: ReviewMemory,
        metrics: ServerMetrics,
        log: DecisionLog,
        clock: @escaping @Sendable () -> Timestamp
    ) {
        self.turns = turns
        eventLoop = turns.eventLoop
        self.options = options
        authenticator = basis.authenticator
        keys = basis.keys
        self.services = services
        replays = memory.replays
        cache = memory.cache
        self.metrics = metrics
        self.log = log
        self.clock = clock
    }

    func update(_ authenticator: Authenticator) {
        self.authenticator = authenticator
        generation += 1
    }

    func update(_ options: ServerOptions) {
        self.options = options
        cache.update(options.cache)
    }

    /// Called about once a second.
    func secondPassed() {
        cache.sweep(now: clock())
    }

    func update(_ keys: KeySnapshot) {
        self.keys = keys
    }

    func update(_ watch: WatchFacts) {
        self.watch = watch
    }

    /// One review in progress.
    private final class Review {
        let version: TokenReviewVersion
        let token: HashedToken
        let caller: ClientIdentity
        let start: NIODeadline
        var keyRefreshes = 0
        /// The directory's answer, and the configuration that asked.
        var resolved: (groups: ResolvedGroups?, generation: Int)?
        var groupQuestions = 0
        var hasAwaitedFirstAnswer = false
        /// Whether its look-up in the cache was counted: the first one.
        var isCounted = false

        init(_ request: TokenReviewRequest, from caller: ClientIdentity, start: NIODeadline) {
            version = request.version
            token = HashedToken(request.token)
            self.caller = caller
            self.start = start
        }
    }

    func review(_ body: ByteBuffer, from caller: ClientIdentity = .unknown) -> ReviewStep {
        let request: TokenReviewRequest
        do {
            request = try body.withUnsafeReadableBytes { bytes in
                Result { () throws(TokenReviewProblem) in
                    try TokenReviewRequest(decoding: bytes, maximumBytes: options.limits.bodyBytes)
                }
            }.get()
        } catch {
            metrics.recordRejected(.notATokenReview)
            return .answer(ServerResponse(error))
        }
        return proceed(Review(request, from: caller, start: eventLoop.now))
    }

    /// How often one review may wait for keys: a running fetch may have started too early, and the keys of each token
    /// version arrive separately.
    private static let maximumKeyRefreshes = 8

    /// Once, and again if the configuration changes in between.
    private static let maximumGroupQuestions = 3

    /// Decides with what is known now, and waits for what is missing: keys a few times, and groups.
    private func proceed(_ review: Review) -> ReviewStep {
        let decision = decide(review)
        if let tenant = decision.keyRefreshTenant, review.keyRefreshes < Self.maximumKeyRefreshes {
            review.keyRefreshes += 1
            if let refresh = services.refreshKeys(tenant, eventLoop) {
                return wait(for: refresh, review, inTurn: true) { _ in true }
            }
        }
        if let principal = decision.groupResolution, review.groupQuestions < Self.maximumGroupQuestions,
            let resolve = services.resolveGroups
        {
            review.groupQuestions += 1
            let generation = generation
            return wait(for: resolve(principal, eventLoop), review, inTurn: false) { groups in
                // Another directory may be configured by now, or other groups: ask again.
                guard generation == self.generation else { return true }
                review.resolved = (groups, generation)
                return groups != nil
            }
        }
        if let interest = decision.watch {
            if decision.awaitsFirstAnswer, !review.hasAwaitedFirstAnswer, let ask = services.firstAnswer {
                review.hasAwaitedFirstAnswer = true
                let deadline = review.start + TimeAmount(options.limits.reviewDeadline)
                return wait(for: ask(interest, deadline, eventLoop), review, inTurn: false) { _ in true }
            }
            if !decision.awaitsFirstAnswer { services.keepWatching?(interest) }
        }
        return .answer(finish(review, decision))
    }

    private func decide(_ review: Review) -> Decision {
        let now = clock()
        // It may have waited for keys, and the configuration may have changed in between.
        if let resolved = review.resolved, resolved.generation != generation { review.resolved = nil }
        let (decision, isHit) = cache.decide(
            review.token, by: authenticator, keys: keys, now: now, resolved: review.resolved?.groups, watch: watch)
        if !review.isCounted {
            review.isCounted = true
            metrics.recordCacheLookup(isHit: isHit)
            history.recordCacheLookup(isHit: isHit, now: now)
        }
        return decision
    }

    /// Decides again when the value is there, and for the last time when it fails or is too late.
    ///
    /// - Parameters:
    ///   - inTurn: whether many reviews may wait for the same event, so that they must take turns.
    ///   - take: stores the value in the review; false if it is useless.
    private func wait<Value: Sendable>(
        for future: EventLoopFuture<Value>,
        _ review: Review,
        inTurn: Bool,
        take: @escaping (Value) -> Bool
    ) -> ReviewStep {
        let promise = eventLoop.makePromise(of: ServerResponse.self)
        let isolated = promise.assumeIsolated()
        var isOpen = true
        var arrived: Value?
        func resume() {
            guard isOpen else { return }
            isOpen = false
            guard let value = arrived, take(value) else {
                // With current facts: deny list, configuration or the token's validity may have changed meanwhile.
                return isolated.succeed(finish(review, decide(review)))
            }
            switch proceed(review) {
            case .answer(let response): isolated.succeed(response)
            case .later(let future): future.cascade(to: promise)
            }
        }
        // A value that has arrived by then is used, even if its turn has not come.
        let timeout = eventLoop.assumeIsolated().scheduleTask(
            deadline: review.start + TimeAmount(options.limits.reviewDeadline)
        ) {
            resume()
        }
        future.hop(to: eventLoop).assumeIsolated().whenComplete { result in
            guard isOpen else { return }
            arrived = try? result.get()
            let turn = {
                timeout.cancel()
                resume()
            }
            if inTurn { self.turns.submit(turn) } else { turn() }
        }
        return .later(promise.futureResult)
    }

    private func finish(_ review: Review, _ decision: consuming Decision) -> ServerResponse {
        if let use = decision.proofUse, decision.access != nil {
            switch replays.remember(use, of: decision.subject, now: clock(), uptime: eventLoop.now) {
            case .firstUse: break
            case .replayed: decision.outcome = .refused(.proofOfPossessionReplayed)
            case .shareUsedUp:
                decision.outcome = .refused(.proofOfPossessionInvalid)
                decision.sentence =
                    "the key of this proof has used up its 1,000 proofs of possession; they end after 20 minutes"
            case .mayBeUsed:
                decision.outcome = .refused(.proofOfPossessionInvalid)
                decision.sentence =
                    "this proof is no newer than others that were used and are no longer remembered: make a new one; if "
                    + "that is refused too, the webhook's clock was set back"
            case .full:
                metrics.recordRejected(.replayMemoryFull)
                return ServerResponse(.replayMemoryFull)
            }
        }
        let id = ids.make()
        let version = review.version
        let response: ServerResponse
        let nanoseconds: Int64
        switch decision.outcome {
        case .accepted(let access):
            response = ServerResponse(answer: TokenReviewAnswer.encodeAccepted(access.user, version: version))
            nanoseconds = (eventLoop.now - review.start).nanoseconds
            metrics.recordAccepted(isEmergency: access.emergencyReason != nil, nanoseconds: nanoseconds)
        case .refused(let reason):
            response = ServerResponse(
                answer: TokenReviewAnswer.encodeRefused(
                    reason, sentence: decision.sentence, decisionID: id, version: version))
            nanoseconds = (eventLoop.now - review.start).nanoseconds
            metrics.recordRefused(reason, nanoseconds: nanoseconds)
            if let denial = decision.denial { metrics.recordDenied(by: denial.kind) }
        }
        history.record(decision, id: id, nanoseconds: nanoseconds, now: clock())
        let hasLine = log.record(
            decision, id: id, digest: review.token.digest, from: review.caller, nanoseconds: nanoseconds)
        if hasLine, log.showsChecks { explain(review, id: id) }
        return response
    }

    /// Runs all checks once more for the log, at `debug` only.
    private func explain(_ review: Review, id: String) {
        let evaluation = review.token.withUnsafeBytes { token in
            authenticator.examine(
                token: token, keys: keys, now: clock(), resolvedGroups: review.resolved?.groups?.groups, watch: watch)
        }
        log.record(evaluation.recorder.outcomes, id: id)
    }
}
