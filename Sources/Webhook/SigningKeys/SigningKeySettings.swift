/// How a tenant's signing keys are fetched and stored.
public struct SigningKeySettings: Hashable, Sendable {
    /// Time between two regular fetches.
    public var refreshEvery = Duration.seconds(3600)
    /// At most one additional fetch in this time, however many unknown key IDs arrive.
    public var unknownKeyRefreshInterval = Duration.seconds(300)
    /// Keys are not used for longer without a successful fetch.
    public var maximumAge = Duration.seconds(24 * 3600)
    /// Stores the fetched keys, so that a restart works while Entra is unreachable.
    public var cacheFile: String?
    /// Only these keys, never fetched.
    public var file: String?
    /// An HTTP proxy for the fetches; nil for that of the environment. It may contain a password.
    public var proxy: String?

    /// The defaults.
    public init() {}
}
