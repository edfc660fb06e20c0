/// What one webhook server takes at most. Names and defaults are those of the configuration's `limits`.
public struct ServerLimits: Sendable, Hashable {
    /// Headers of a request. kube-apiserver sends fewer than ten.
    static let headerCount = 100

    /// Of a request's line and headers together.
    public var headerBytes = 32_768
    public var bodyBytes = 4_194_304
    /// Bodies being received and reviewed, over all connections.
    public var bytesInFlight = 67_108_864
    /// Whose handshake is complete. Before that they have budgets of their own, in which the oldest makes room.
    public var connections = 4096
    /// From one peer: an IPv4 address, or the /64 that an IPv6 address is in, since a host has all of one.
    public var connectionsPerPeer: Int
    /// Connections that have sent nothing yet.
    var silentConnections: Int { max(64, min(connections, 1024)) }
    /// Connections in their handshake, each with a TLS session.
    var handshakes: Int { max(64, min(connections, 512)) }
    /// Open files that all of them need, with some for everything else.
    var fileDescriptors: Int { connections + silentConnections + handshakes + 256 }
    public var streamsPerConnection = 250
    public var handshakeTimeout: Duration = .seconds(10)
    /// From a request's first byte to its last, and for taking an answer.
    public var requestTimeout: Duration = .seconds(10)
    public var idleTimeout: Duration = .seconds(120)
    /// How long an answer may wait for keys or groups.
    public var reviewDeadline: Duration = .seconds(5)

    /// - Parameters:
    ///   - connections: over all peers.
    ///   - connectionsPerPeer: nil: three quarters of many, so that one peer cannot lock out the rest; all of a few.
    public init(connections: Int = 4096, connectionsPerPeer: Int? = nil) {
        self.connections = connections
        self.connectionsPerPeer = connectionsPerPeer ?? (connections < 64 ? connections : connections / 4 * 3)
    }
}
