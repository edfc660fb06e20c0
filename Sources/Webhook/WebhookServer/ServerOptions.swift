public import Addresses
import Authentication

/// How a webhook server is set up. Addresses and event loops stay as they were at its start.
public struct ServerOptions: Sendable, Hashable {
    public var listen: ListenAddress
    /// Nil: no operations listener.
    public var operations: ListenAddress?
    public var limits: ServerLimits
    /// Common names or DNS names of client certificates; empty: any certificate that the handshake took.
    public var allowedClientNames: Set<String>
    /// Remembered tokens of all event loops together.
    public var cacheEntries: Int
    /// Seconds.
    public var cacheMaximumAge: Int64
    public var eventLoops: Int
    /// Speak HTTP/2 without TLS; for tests.
    var assumesHTTP2 = false

    var cacheLimits: DecisionCache.Limits {
        DecisionCache.Limits(entries: cacheEntries, maximumAge: cacheMaximumAge)
    }

    public init(
        listen: ListenAddress,
        operations: ListenAddress? = nil,
        limits: ServerLimits = ServerLimits(),
        allowedClientNames: Set<String> = [],
        cacheEntries: Int = 10_000,
        cacheMaximumAge: Int64 = 600,
        eventLoops: Int = 1
    ) {
        self.listen = listen
        self.operations = operations
        self.limits = limits
        self.allowedClientNames = allowedClientNames
        self.cacheEntries = cacheEntries
        self.cacheMaximumAge = cacheMaximumAge
        self.eventLoops = max(1, eventLoops)
    }
}
