public import EntraTokens
internal import HTTPSClient
public import Logging
internal import NIOConcurrencyHelpers
public import NIOCore
public import Timestamps

/// How a question to the directory ended, for metrics.
public enum DirectoryOutcome: String, Sendable {
    case success, failure, cached, stale
}

/// Finds out which groups a principal is in when its token cannot list them.
///
/// Answers are remembered, the same question is asked once at a time, and a directory that keeps failing is left alone
/// for a while. Nothing here ever blocks the event loop that asks.
public final class DirectoryResolver: Sendable {
    fileprivate struct Known {
        var groups: [GUID]
        var at: Timestamp
    }

    fileprivate struct State {
        var known: [GUID: Known] = [:]
        var order: [GUID] = []
        var oldest = 0
        var inFlight: [GUID: EventLoopFuture<[GUID]?>] = [:]
        var failures = 0
        var openUntil = NIODeadline.uptimeNanoseconds(0)
    }

    static let maximumEntries = 10_000
    static let failuresUntilOpen = 5
    static let openTime = TimeAmount.seconds(10)

    private let plan: DirectoryPlan
    private let eventLoop: any EventLoop
    private let tokens: AppTokenSource
    private let now: @Sendable () -> Timestamp
    private let logger: Logger
    private let observe: @Sendable (DirectoryOutcome) -> Void
    private let state = NIOLockedValueBox(State())

    /// - Parameter eventLoop: where questions are asked; not one that answers reviews.
    public init(
        plan: DirectoryPlan,
        eventLoop: any EventLoop,
        logger: Logger,
        now: @escaping @Sendable () -> Timestamp = { .now() },
        observe: @escaping @Sendable (DirectoryOutcome) -> Void = { _ in }
    ) {
        self.plan = plan
        self.eventLoop = eventLoop
        self.now = now
        self.observe = observe
        var logger = logger
        logger[metadataKey: "tenant"] = "\(plan.trust.tenantID)"
        self.logger = logger
        tokens = AppTokenSource(plan: plan, eventLoop: eventLoop, now: now)
    }

    /// Gets a token before anybody waits for one.
    public func warmUp() {
        tokens.token().whenFailure { error in
            self.logger.warning(
                "the directory cannot be asked yet",
                metadata: ["cause": "\((error as? DirectoryError)?.sentence ?? "unknown")"])
        }
    }

    /// The principal's groups; nil when they are not known.
    public func resolve(_ principal: EntraPrincipal, on asking: any EventLoop) -> EventLoopFuture<[GUID]?> {
        let time = now()
        enum Step {
            case answer([GUID]?, DirectoryOutcome)
            case wait(EventLoopFuture<[GUID]?>)
            case ask(EventLoopPromise<[GUID]?>)
        }
        let step = state.withLockedValue { state -> Step in
            if let known = state.known[principal.objectID], isFresh(known, at: time) {
                return .answer(known.groups, .cached)
            }
            if let inFlight = state.inFlight[principal.objectID] { return .wait(inFlight) }
            if NIODeadline.now() < state.openUntil {
                let stale = usable(state.known[principal.objectID], at: time)
                return .answer(stale, stale == nil ? .failure : .stale)
            }
            let promise = eventLoop.makePromise(of: [GUID]?.self)
            state.inFlight[principal.objectID] = promise.futureResult
            return .ask(promise)
        }
        switch step {
        case .answer(let groups, let outcome):
            observe(outcome)
            return asking.makeSucceededFuture(groups)
        case .wait(let future): return future.hop(to: asking)
        case .ask(let promise):
            ask(principal, at: time, promise)
            return promise.futureResult.hop(to: asking)
        }
    }

    private func isFresh(_ known: Known, at time: Timestamp) -> Bool {
        time.seconds(since: known.at) < plan.cacheFor.components.seconds
    }

    /// The last answer while it is young enough to be used in place of a new one.
    private func usable(_ known: Known?, at time: Timestamp) -> [GUID]? {
        guard let known, plan.staleFor > .zero else { return nil }
        return time.seconds(since: known.at) < (plan.cacheFor + plan.staleFor).components.seconds ? known.groups : nil
    }

    // MARK: Asking

    private func ask(_ principal: EntraPrincipal, at time: Timestamp, _ promise: EventLoopPromise<[GUID]?>) {
        let deadline = NIODeadline.now() + TimeAmount(plan.timeout)
        let answer = eventLoop.makePromise(of: [GUID].self)
        // The review's time ends the wait; what comes later is too late for it.
        let timer = eventLoop.scheduleTask(deadline: deadline) { answer.fail(DirectoryError.deadline) }
        question(principal, deadline: deadline, mayRetry: true).whenComplete { result in
            timer.cancel()
            switch result {
            case .success(let groups): answer.succeed(groups)
            case .failure(let error): answer.fail(error)
            }
        }
        answer.futureResult.whenComplete { result in
            timer.cancel()
            promise.succeed(self.ended(principal.objectID, result, at: time))
        }
    }

    private func question(_ principal: EntraPrincipal, deadline: NIODeadline, mayRetry: Bool) -> EventLoopFuture<[GUID]>
    {
        tokens.token().flatMap { token in
            let client: HTTPSClient
            do throws(HTTPSError) {
                client = try self.plan.graphClient()
            } catch {
                return self.eventLoop.makeFailedFuture(DirectoryError.graph(error))
            }
            return GraphQuestion(
                plan: self.plan, client: client, principal: principal, token: token, eventLoop: self.eventLoop,
                deadline: deadline
            ).ask().flatMapError { error in
                // A secret may have been changed meanwhile: one new token, one more try.
                guard mayRetry, (error as? DirectoryError) == .unauthorized else {
                    return self.eventLoop.makeFailedFuture(error)
                }
                self.tokens.drop(token)
                return self.question(principal, deadline: deadline, mayRetry: false)
            }
        }
    }

    private func ended(_ id: GUID, _ result: Result<[GUID], any Error>, at time: Timestamp) -> [GUID]? {
        switch result {
        case .success(let groups):
            state.withLockedValue { state in
                state.inFlight[id] = nil
                state.failures = 0
                state.remember(id, Known(groups: groups, at: time))
            }
            observe(.success)
            return groups
        case .failure(let error):
            let error = error as? DirectoryError ?? .malformed
            let (stale, opened) = state.withLockedValue { state -> ([GUID]?, Bool) in
                state.inFlight[id] = nil
                if error.isOutage { state.failures += 1 }
                let opens = state.failures >= DirectoryResolver.failuresUntilOpen
                if opens {
                    state.openUntil = .now() + DirectoryResolver.openTime
                    // One more failure after the pause closes it again at once.
                    state.failures = DirectoryResolver.failuresUntilOpen - 1
                }
                return (usable(state.known[id], at: time), opens)
            }
            logger.warning(
                "groups could not be resolved",
                metadata: [
                    "cause": "\(error.sentence)", "objectID": "\(id)", "lastKnownUsed": "\(stale != nil)",
                    "pausing": "\(opened)",
                ])
            observe(stale == nil ? .failure : .stale)
            return stale
        }
    }
}

extension DirectoryResolver.State {
    /// Keeps an answer; the oldest gives way when there are too many.
    fileprivate mutating func remember(_ id: GUID, _ answer: DirectoryResolver.Known) {
        if known.updateValue(answer, forKey: id) != nil { return }
        if order.count < DirectoryResolver.maximumEntries {
            order.append(id)
        } else {
            known.removeValue(forKey: order[oldest])
            order[oldest] = id
            oldest = (oldest + 1) % order.count
        }
    }
}
