public import Authentication
public import Entra
public import NIOCore

/// What reviews may wait for. The program passes these functions, so that the server knows neither fetching nor the
/// directory.
public struct ReviewServices: Sendable {
    /// Asks for a tenant's keys again. Nil: not now, answer at once. The future completes after the fetch has ended and
    /// the server has received the new keys.
    public var refreshKeys: @Sendable (_ tenant: GUID, any EventLoop) -> EventLoopFuture<Void>?
    /// Asks for a principal's groups. The future's value is nil if they are unknown.
    public var resolveGroups: (@Sendable (EntraPrincipal, any EventLoop) -> EventLoopFuture<ResolvedGroups?>)?

    /// Waits until the deadline for the directory's first answer about a principal; nil if nobody is watched.
    public var firstAnswer: (@Sendable (WatchInterest, NIODeadline, any EventLoop) -> EventLoopFuture<Void>)?
    /// Reports that a watched principal has a token that expires later than was known.
    public var keepWatching: (@Sendable (WatchInterest) -> Void)?

    /// Services from their parts; by default there are none.
    public init(
        refreshKeys: @escaping @Sendable (_ tenant: GUID, any EventLoop) -> EventLoopFuture<Void>? = { _, _ in nil },
        resolveGroups: (@Sendable (EntraPrincipal, any EventLoop) -> EventLoopFuture<ResolvedGroups?>)? = nil,
        firstAnswer: (@Sendable (WatchInterest, NIODeadline, any EventLoop) -> EventLoopFuture<Void>)? = nil,
        keepWatching: (@Sendable (WatchInterest) -> Void)? = nil
    ) {
        self.firstAnswer = firstAnswer
        self.keepWatching = keepWatching
        self.refreshKeys = refreshKeys
        self.resolveGroups = resolveGroups
    }
}
