/// What one webhook server takes at most. Names and defaults are those of the configuration's `limits`.
public struct ServerLimits: Sendable, Hashable {
    /// Of a request's line and headers together.
    public var headerBytes = 32_768
    public var bodyBytes = 4_194_304
    /// Bodies being received and reviewed, over all connections.
    public var bytesInFlight = 67_108_864
    public var connections = 4096
    /// From one peer address.
    public var connectionsPerPeer: Int
    public var streamsPerConnection = 250
    public var handshakeTimeout: Duration = .seconds(10)
    /// From a request's first byte to its last, and for taking an answer.
    public var requestTimeout: Duration = .seconds(10)
    public var idleTimeout: Duration = .seconds(120)
    /// How long an answer may wait for keys or groups.
    public var reviewDeadline: Duration = .seconds(5)

    /// - Parameter connections: over all peers; of many, one peer gets three quarters, so that it cannot lock out
    ///   the rest.
    public init(connections: Int = 4096) {
        self.connections = connections
        connectionsPerPeer = connections < 64 ? connections : connections / 4 * 3
    }
}
