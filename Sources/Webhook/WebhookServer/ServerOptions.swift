public import Addresses
public import Authentication
public import SafeText

/// The settings of a webhook server. Addresses and event loops cannot change after the start.
public struct ServerOptions: Sendable, Hashable {
    /// Address of the TokenReview endpoint.
    public var listen: ListenAddress
    /// Address of probes, metrics and status page; nil for none.
    public var operations: ListenAddress?
    /// Limits of requests and connections.
    public var limits: ServerLimits
    /// Common names or DNS names of client certificates; empty accepts every certificate that the handshake accepted.
    public var allowedClientNames: Set<ExactText>
    /// Limits of the cache of verified tokens.
    public var cache: DecisionCache.Limits
    /// Number of event loops that answer reviews.
    public var eventLoops: Int
    /// Speaks HTTP/2 without TLS, for tests.
    var assumesHTTP2 = false

    /// Creates options; those that are left out have their defaults.
    public init(
        listen: ListenAddress,
        operations: ListenAddress? = nil,
        limits: ServerLimits = ServerLimits(),
        allowedClientNames: Set<ExactText> = [],
        cache: DecisionCache.Limits = DecisionCache.Limits(),
        eventLoops: Int = 1
    ) {
        self.listen = listen
        self.operations = operations
        self.limits = limits
        self.allowedClientNames = allowedClientNames
        self.cache = cache
        self.eventLoops = max(1, eventLoops)
    }
}
