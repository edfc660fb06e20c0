/// How a tenant's signing keys are fetched and stored: the configuration's `signingKeys`.
public struct SigningKeySettings: Hashable, Sendable {
    /// Time between two regular fetches.
    public var refreshEvery = Duration.seconds(3600)
    /// Time in which unknown key IDs cause at most one additional fetch, however many arrive.
    public var unknownKeyRefreshInterval = Duration.seconds(300)
    /// Longest time that keys are used after the last successful fetch.
    public var maximumAge = Duration.seconds(24 * 3600)
    /// Path of the file that stores the fetched keys, so that a restart works while Entra is unreachable; nil for none.
    public var cacheFile: String?
    /// Path of a file with the only keys to use; nothing is fetched then. Nil to fetch keys.
    public var file: String?
    /// Address of an HTTP proxy for the fetches; nil for that of the environment. It may contain a password.
    public var proxy: String?

    /// The defaults.
    public init() {}
}
