public import Authentication
public import Entra
import HTTPSClient
import LineLogging
public import Logging
import NIOConcurrencyHelpers
public import NIOCore
public import Timestamps

/// How a request to the directory ended, for metrics.
public enum DirectoryOutcome: String, Sendable {
    case success, failure, cached, stale
}

/// Finds out in which groups a principal is, if its token cannot list them.
///
/// Answers are cached, identical requests are sent only once at a time, and a directory that keeps failing is not asked
/// for some time. The calling event loop is never blocked.
public final class DirectoryResolver: Sendable {
    fileprivate struct State {
        var memory = GroupCache()
        var inFlight: [GUID: EventLoopFuture<ResolvedGroups?>] = [:]
        /// Principals whose request has just failed, perhaps only for them.
        var refused: [GUID: NIODeadline] = [:]
        /// By kind of object, because permissions differ between the kinds.
        var breakers: [DirectoryCollection: CircuitBreaker] = [:]
        /// A few warnings a second, however many requests fail.
        var warnings = RepeatLimit(5, every: 1)
    }

    private enum Step {
        case answer(ResolvedGroups?, DirectoryOutcome)
        case wait(EventLoopFuture<ResolvedGroups?>)
        case ask(EventLoopPromise<ResolvedGroups?>)
        case tooMany
    }

    /// Largest number of principals that are being asked about.
    static let maximumInFlight = 1000
    /// How long a principal whose request failed is not asked about again.
    static let refusalPause = TimeAmount.seconds(1)

    private let configuration: DirectoryConfiguration
    private let eventLoop: any EventLoop
    private let tokens: AppTokenSource
    private let gate: RequestGate
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let observe: @Sendable (DirectoryOutcome) -> Void
    private let state = NIOLockedValueBox(State())

    /// - Parameter eventLoop: where requests run; not one that answers reviews.
    public init(
        configuration: DirectoryConfiguration,
        eventLoop: any EventLoop,
        logger: Logger,
        now: @escaping @Sendable () -> Timestamp = { .now() },
        observe: @escaping @Sendable (DirectoryOutcome) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.now = now
        self.observe = observe
        var logger = logger
        logger[metadataKey: "tenant"] = "\(configuration.trust.tenantID)"
        self.logger = logger
        gate = RequestGate(eventLoop: eventLoop)
        tokens = AppTokenSource(
            configuration: configuration, eventLoop: eventLoop, now: now,
            renewalFailed: { [logger] error in
                logger.warning("no token for the directory", metadata: configuration.explanation(of: error).metadata)
            })
    }

    /// Fetches a token before it is needed, and keeps a valid one from then on.
    public func warmUp() {
        eventLoop.execute { self.tokens.keepFresh() }
    }

    /// The principal's groups; nil if they are unknown.
    public func resolve(_ principal: EntraPrincipal, on asking: any EventLoop) -> EventLoopFuture<ResolvedGroups?> {
        let time = now()
        let id = principal.objectID
        let collection = DirectoryCollection(principal.kind)
        let step = state.withLockedValue { state -> Step in
            if let known = state.memory.answer(
                id, youngerThan: configuration.settings.cacheFor.components.seconds, at: time)
            {
                return .answer(
                    ResolvedGroups(
                        groups: known.groups,
                        freshUntil: known.at.adding(seconds: configuration.settings.cacheFor.components.seconds)),
                    .cached)
            }
            if let inFlight = state.inFlight[id] { return .wait(inFlight) }
            guard state.inFlight.count < Self.maximumInFlight else { return .tooMany }
            let instant = NIODeadline.now()
            guard state.refused[id].map({ $0 <= instant }) ?? true,
                state.breakers[collection, default: CircuitBreaker()].admits(at: instant)
            else {
                let stale = lastKnown(id, in: state, at: time)
                return .answer(stale, stale == nil ? .failure : .stale)
            }
            let promise = eventLoop.makePromise(of: ResolvedGroups?.self)
            state.inFlight[id] = promise.futureResult
            return .ask(promise)
        }
        switch step {
        case .answer(let groups, let outcome):
            observe(outcome)
            return asking.makeSucceededFuture(groups)
        case .wait(let future): return future.hop(to: asking)
        case .tooMany: return asking.makeSucceededFuture(failed(principal, .busy, at: time, wasAsked: false))
        case .ask(let promise):
            eventLoop.execute { self.ask(principal, at: time, promise) }
            return promise.futureResult.hop(to: asking)
        }
    }

    /// The last answer, if it is recent enough to be used instead of a new one.
    private func lastKnown(_ id: GUID, in state: State, at time: Timestamp) -> ResolvedGroups? {
        guard configuration.settings.staleFor > .zero else { return nil }
        let age = (configuration.settings.cacheFor + configuration.settings.staleFor).components.seconds
        return state.memory.answer(id, youngerThan: age, at: time).map {
            ResolvedGroups(groups: $0.groups, freshUntil: time)
        }
    }

    // MARK: Asking

    /// Asks the directory without using or filling the cache, for commands. The future fails with a ``DirectoryError``.
    public func askOnce(_ principal: EntraPrincipal) -> EventLoopFuture<[GUID]> {
        eventLoop.flatSubmit { self.answer(principal) }
    }

    private func answer(_ principal: EntraPrincipal) -> EventLoopFuture<[GUID]> {
        let deadline = NIODeadline.now() + TimeAmount(configuration.settings.timeout)
        let answer = eventLoop.makePromise(of: [GUID].self)
        // A later answer would be too late for the review.
        let timer = eventLoop.scheduleTask(deadline: deadline) { answer.fail(DirectoryError.deadline) }
        question(principal, deadline: deadline, mayRetry: true).cascade(to: answer)
        answer.futureResult.whenComplete { _ in timer.cancel() }
        return answer.futureResult
    }

    private func ask(_ principal: EntraPrincipal, at time: Timestamp, _ promise: EventLoopPromise<ResolvedGroups?>) {
        answer(principal).whenComplete { result in
            switch result {
            case .success(let groups): promise.succeed(self.succeeded(principal, groups, at: time))
            case .failure(let error):
                let error = error as? DirectoryError ?? .malformed
                promise.succeed(self.failed(principal, error, at: time, wasAsked: true))
            }
        }
    }

    private func question(_ principal: EntraPrincipal, deadline: NIODeadline, mayRetry: Bool) -> EventLoopFuture<[GUID]>
    {
        tokens.token().flatMap { token in
            let client: HTTPSClient
            do throws(HTTPSError) {
                client = try self.configuration.graphClient()
            } catch {
                return self.eventLoop.makeFailedFuture(DirectoryError.graph(error))
            }
            return GraphQuestion(
                configuration: self.configuration, client: client, principal: principal, token: token, gate: self.gate,
                eventLoop: self.eventLoop, deadline: deadline
            ).ask().flatMapError { error in
                // The secret may have changed: try once more with a new token.
                guard mayRetry, (error as? DirectoryError) == .unauthorized else {
                    return self.eventLoop.makeFailedFuture(error)
                }
                self.tokens.drop(token)
                return self.question(principal, deadline: deadline, mayRetry: false)
            }
        }
    }

    private func succeeded(_ principal: EntraPrincipal, _ groups: [GUID], at time: Timestamp) -> ResolvedGroups {
        state.withLockedValue { state in
            state.inFlight[principal.objectID] = nil
            state.breakers[DirectoryCollection(principal.kind)]?.succeeded()
            state.memory.remember(principal.objectID, GroupCache.Answer(groups: groups, at: time))
        }
        observe(.success)
        return ResolvedGroups(
            groups: groups, freshUntil: time.adding(seconds: configuration.settings.cacheFor.components.seconds))
    }

    private func failed(
        _ principal: EntraPrincipal, _ error: DirectoryError, at time: Timestamp, wasAsked: Bool
    ) -> ResolvedGroups? {
        let id = principal.objectID
        let collection = DirectoryCollection(principal.kind)
        let instant = NIODeadline.now()
        let (stale, isPausing, isWorthALine) = state.withLockedValue { state -> (ResolvedGroups?, Bool, Bool) in
            if wasAsked {
                state.inFlight[id] = nil
                if error.isAnswer { state.memory.forget(id) }
                state.note(error, of: id, in: collection, at: instant)
            }
            let isPausing = state.breakers[collection]?.isOpen ?? false
            return (lastKnown(id, in: state, at: time), isPausing, state.warnings.admit(at: time) != nil)
        }
        observe(stale == nil ? .failure : .stale)
        guard isWorthALine else { return stale }
        var metadata = configuration.explanation(of: error).metadata
        metadata["objectID"] = "\(id)"
        metadata["lastKnownUsed"] = "\(stale != nil)"
        metadata["pausing"] = "\(isPausing)"
        logger.warning("groups could not be resolved", metadata: metadata)
        return stale
    }
}

extension DirectoryResolver.State {
    fileprivate mutating func note(
        _ error: DirectoryError, of id: GUID, in collection: DirectoryCollection, at now: NIODeadline
    ) {
        if case .throttled(let seconds) = error {
            // The pause applies to the application, for all kinds of objects.
            for each in DirectoryCollection.allCases {
                breakers[each, default: CircuitBreaker()].leaveAlone(for: .seconds(seconds), at: now)
            }
            return
        }
        if error.isOutage {
            breakers[collection]?.failed(error.mayBeThePrincipals ? id : nil, at: now)
            guard error.mayBeThePrincipals else { return }
        } else {
            breakers[collection]?.succeeded()
        }
        if refused.count >= DirectoryResolver.maximumInFlight { refused = refused.filter { $0.value > now } }
        if refused.count < DirectoryResolver.maximumInFlight { refused[id] = now + DirectoryResolver.refusalPause }
    }
}
