public import Authentication
import Entra
import HTTPSClient
public import NIOCore
import Timestamps

/// What Microsoft Graph says about one principal's account and memberships at this moment: asked once, as the watch
/// asks, for commands.
public struct DirectoryProbe: Sendable {
    /// The principal's account; nil if it isn't known.
    public var account: WatchedPrincipal.Account?
    /// The principal's groups; nil if they aren't known, or if no group is configured.
    public var membership: WatchedPrincipal.Membership?
    /// What the application may not ask, with the permissions that it lacks; sentences for people.
    public var forbidden: [String] = []
    /// Why something is unknown for another reason; nil if nothing is.
    public var problem: DirectoryError?

    /// Asks about a principal; never fails.
    public static func ask(
        _ interest: WatchInterest, configuration: DirectoryConfiguration, on eventLoop: any EventLoop
    ) -> EventLoopFuture<DirectoryProbe> {
        var state = WatchState(groups: configuration.groups ?? [], every: .hours(1))
        let now = WatchState.Age(instant: eventLoop.now, time: .now())
        _ = state.remember(interest, firstDeadline: now.instant + .hours(1), at: now)
        let questions = state.takeDue(at: now, limit: .max)
        let asked = state
        let transport = GraphTransport(configuration: configuration, eventLoop: eventLoop)
        return transport.token().flatMap { token in
            let batches = stride(from: 0, to: questions.count, by: WatchBatch.size).map { start in
                let batch = Array(questions[start..<min(start + WatchBatch.size, questions.count)])
                return transport.send(WatchBatch.encode(batch), token: token).flatMapThrowing { reply in
                    try reply.replies(to: batch)
                }
            }
            return EventLoopFuture.whenAllSucceed(batches, on: eventLoop)
        }.map { replies in
            DirectoryProbe(interest, Array(replies.joined()), to: questions, asked: asked, at: now)
        }.recover { error in
            var probe = DirectoryProbe()
            probe.problem = error as? DirectoryError ?? .graph(.unreachable)
            return probe
        }
    }

    private init() {}

    private init(
        _ interest: WatchInterest, _ replies: [WatchReply], to questions: [WatchQuestion], asked: WatchState,
        at now: WatchState.Age
    ) {
        var state = asked
        for (question, reply) in zip(questions, replies) { _ = state.take(reply, to: question, at: now.instant) }
        let known = state.facts.principals[interest.objectID]
        account = known?.account
        membership = known?.membership
        forbidden = state.forbiddenTopics.map(\.sentence).sorted()
        problem = replies.lazy.compactMap(\.problem).first
    }
}

extension WatchReply {
    fileprivate var problem: DirectoryError? {
        switch self {
        case .account, .members, .deleted, .forbidden: nil
        case .throttled(let seconds): .throttled(seconds: seconds)
        case .unauthorized: .unauthorized
        case .unclear, .failed: .malformed
        }
    }
}
