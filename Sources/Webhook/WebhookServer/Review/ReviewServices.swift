public import Authentication
public import EntraTokens
public import NIOCore

/// What a review may wait for: given by the program, so that the server knows neither fetching nor the directory.
public struct ReviewServices: Sendable {
    /// Asks for a tenant's keys again. Nil: not now, answer at once. The future ends when the fetch has, after the
    /// server was given the new keys.
    public var refreshKeys: @Sendable (_ tenant: GUID, any EventLoop) -> EventLoopFuture<Void>?
    /// Asks for a principal's groups; nil from the future when they cannot be had.
    public var resolveGroups: (@Sendable (EntraPrincipal, any EventLoop) -> EventLoopFuture<ResolvedGroups?>)?

    /// Waits for the directory's first answer about a principal, until the deadline; nil where nobody watches.
    public var firstAnswer: (@Sendable (WatchInterest, NIODeadline, any EventLoop) -> EventLoopFuture<Void>)?
    /// Told of a later end of a watched principal's tokens.
    public var keepWatching: (@Sendable (WatchInterest) -> Void)?

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
