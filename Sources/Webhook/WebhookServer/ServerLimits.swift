/// The limits of one webhook server: most members of the configuration's `limits`, which
/// `Configuration/Tables/RuntimeSettings+Fields.swift` describes.
public struct ServerLimits: Sendable, Hashable {
    /// Largest number of header fields. kube-apiserver sends fewer than ten.
    static let headerCount = 100

    /// Largest size of a request line and its header fields together, in bytes.
    public var headerBytes = 32_768
    /// Largest size of a request's body, in bytes.
    public var bodyBytes = 4_194_304
    /// Largest size of all bodies that are being received or reviewed, over all connections, in bytes.
    public var bytesInFlight = 67_108_864
    /// Connections with a complete handshake. Earlier stages have their own budgets, in which the oldest connection
    /// makes room. Connections with nothing but access reviews have a quarter of this beside it, in total and for each
    /// peer.
    public var connections = 4096
    /// Connections from one peer: an IPv4 address, or the /64 of an IPv6 address, because a host usually has all
    /// addresses of one. If it is nil, a peer may have three quarters of `connections`, so that it cannot lock out the
    /// others; if `connections` is below 64, all of them.
    public var connectionsPerPeer: Int?
    /// The limit for one peer that applies: the configured one, else the default.
    var peerConnections: Int { connectionsPerPeer ?? (connections < 64 ? connections : connections / 4 * 3) }
    /// Connections that have not sent anything yet.
    var silentConnections: Int { max(64, min(connections, 1024)) }
    /// Connections in their handshake; each has a TLS session.
    var handshakes: Int { max(64, min(connections, 512)) }
    /// Number of open files for all connections, and some for everything else.
    var fileDescriptors: Int { connections + connections / 4 + silentConnections + handshakes + 256 }
    /// Concurrent requests of one HTTP/2 connection.
    public var streamsPerConnection = 250
    /// Time for a TLS handshake.
    public var handshakeTimeout: Duration = .seconds(10)
    /// Time from a request's first byte to its last, and for reading the answer.
    public var requestTimeout: Duration = .seconds(10)
    /// Time that a connection may stay open without a request.
    public var idleTimeout: Duration = .seconds(120)
    /// Time that a review may wait for keys or groups.
    public var reviewDeadline: Duration = .seconds(5)

    /// All other limits have their defaults.
    public init(connections: Int = 4096, connectionsPerPeer: Int? = nil) {
        self.connections = connections
        self.connectionsPerPeer = connectionsPerPeer
    }
}
