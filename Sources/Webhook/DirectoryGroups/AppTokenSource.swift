import EntraTokens
import HTTPSClient
import NIOConcurrencyHelpers
import NIOCore
import Timestamps

/// The application's token: one request at a time, and a new token before the old one expires, whether or not somebody
/// asks.
final class AppTokenSource: Sendable {
    private struct State {
        var token: String?
        /// When to fetch a new token, although this one is still valid.
        var renewAt = Timestamp(secondsSinceEpoch: .min)
        var usableUntil = Timestamp(secondsSinceEpoch: .min)
        var inFlight: EventLoopFuture<String>?
    }

    private enum Step {
        case known(EventLoopFuture<String>)
        case request(EventLoopPromise<String>)
    }

    /// Time between attempts after a failure while nobody asks.
    private static let retry = TimeAmount.seconds(60)

    private let configuration: DirectoryConfiguration
    private let eventLoop: any EventLoop
    private let now: @Sendable () -> Timestamp
    private let renewalFailed: @Sendable (DirectoryError) -> Void
    private let state = NIOLockedValueBox(State())

    /// - Parameter renewalFailed: called for failures that no request would report.
    init(
        configuration: DirectoryConfiguration,
        eventLoop: any EventLoop,
        now: @escaping @Sendable () -> Timestamp,
        renewalFailed: @escaping @Sendable (DirectoryError) -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.now = now
        self.renewalFailed = renewalFailed
    }

    /// A token that is valid for some time. The future fails with a ``DirectoryError``.
    func token() -> EventLoopFuture<String> {
        let time = now()
        let step = state.withLockedValue { state -> Step in
            if let token = state.token, time < state.usableUntil {
                return .known(eventLoop.makeSucceededFuture(token))
            }
            return Self.join(&state, eventLoop)
        }
        return take(step, at: time)
    }

    /// Fetches a token shortly before the current one expires, as long as this object lives.
    func keepFresh() {
        let time = now()
        let step = state.withLockedValue { state -> Step in
            if let token = state.token, time < state.renewAt { return .known(eventLoop.makeSucceededFuture(token)) }
            return Self.join(&state, eventLoop)
        }
        take(step, at: time).whenComplete { [weak self] result in
            guard let self else { return }
            var delay = Self.retry
            switch result {
            case .success:
                let left = self.state.withLockedValue { $0.renewAt }.seconds(since: self.now())
                delay = .seconds(max(1, left))
            case .failure(let error): self.renewalFailed(error as? DirectoryError ?? .malformed)
            }
            self.eventLoop.scheduleTask(in: delay) { [weak self] in self?.keepFresh() }
        }
    }

    /// Removes a token that was rejected.
    func drop(_ token: String) {
        state.withLockedValue { if $0.token == token { $0.token = nil } }
    }

    private static func join(_ state: inout State, _ eventLoop: any EventLoop) -> Step {
        if let inFlight = state.inFlight { return .known(inFlight) }
        let promise = eventLoop.makePromise(of: String.self)
        state.inFlight = promise.futureResult
        return .request(promise)
    }

    private func take(_ step: Step, at time: Timestamp) -> EventLoopFuture<String> {
        switch step {
        case .known(let future): return future
        case .request(let promise):
            request(at: time).whenComplete { result in
                self.state.withLockedValue { state in
                    state.inFlight = nil
                    guard case .success(let answer) = result else { return }
                    state.token = answer.token
                    // Five minutes before its end, or after half of a short lifetime.
                    state.renewAt = time.adding(seconds: max(answer.lifetime - 300, answer.lifetime / 2))
                    state.usableUntil = time.adding(seconds: max(answer.lifetime - 30, answer.lifetime * 3 / 4))
                }
                promise.completeWith(result.map(\.token))
            }
            return promise.futureResult
        }
    }

    private func request(at time: Timestamp) -> EventLoopFuture<(token: String, lifetime: Int64)> {
        do throws(DirectoryError) {
            let request = try AppTokenRequest.make(configuration, now: time)
            let client: HTTPSClient
            do { client = try configuration.authorityClient() } catch { throw .token(error) }
            return client.send(request, on: eventLoop)
                .flatMapErrorThrowing { throw DirectoryError.token($0 as? HTTPSError ?? .unreachable) }
                .flatMapThrowing { try AppTokenRequest.read($0) }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }
}
