internal import EntraTokens
internal import HTTPSClient
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import Timestamps

/// The application's token, renewed before it expires; one request at a time.
final class AppTokenSource: Sendable {
    private struct State {
        var token: String?
        var renewAt = Timestamp(secondsSinceEpoch: .min)
        var inFlight: EventLoopFuture<String>?
    }

    private let plan: DirectoryPlan
    private let eventLoop: any EventLoop
    private let now: @Sendable () -> Timestamp
    private let state = NIOLockedValueBox(State())

    init(plan: DirectoryPlan, eventLoop: any EventLoop, now: @escaping @Sendable () -> Timestamp) {
        self.plan = plan
        self.eventLoop = eventLoop
        self.now = now
    }

    /// A token that is valid for a while; the failure is a ``DirectoryError``.
    func token() -> EventLoopFuture<String> {
        let time = now()
        let (known, promise) = state.withLockedValue { state -> (EventLoopFuture<String>?, EventLoopPromise<String>?) in
            if let token = state.token, time < state.renewAt { return (eventLoop.makeSucceededFuture(token), nil) }
            if let inFlight = state.inFlight { return (inFlight, nil) }
            let promise = eventLoop.makePromise(of: String.self)
            state.inFlight = promise.futureResult
            return (nil, promise)
        }
        if let known { return known }
        guard let promise else { return eventLoop.makeFailedFuture(DirectoryError.deadline) }
        request(at: time).whenComplete { result in
            self.state.withLockedValue { state in
                state.inFlight = nil
                if case .success(let answer) = result {
                    state.token = answer.token
                    // Five minutes early, or at half of a short life.
                    state.renewAt = time.adding(seconds: max(answer.lifetime - 300, answer.lifetime / 2))
                }
            }
            promise.completeWith(result.map(\.token))
        }
        return promise.futureResult
    }

    /// Forgets a token that was not accepted.
    func drop(_ token: String) {
        state.withLockedValue { if $0.token == token { $0.token = nil } }
    }

    private func request(at time: Timestamp) -> EventLoopFuture<(token: String, lifetime: Int64)> {
        do throws(DirectoryError) {
            let request = try AppTokenRequest.make(plan, now: time)
            let client: HTTPSClient
            do { client = try plan.authorityClient() } catch { throw .token(error) }
            return client.send(request, on: eventLoop)
                .flatMapErrorThrowing { throw DirectoryError.token($0 as? HTTPSError ?? .unreachable) }
                .flatMapThrowing { try AppTokenRequest.read($0) }
        } catch {
            return eventLoop.makeFailedFuture(error)
        }
    }
}
