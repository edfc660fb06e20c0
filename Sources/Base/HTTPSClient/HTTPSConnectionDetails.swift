public import OpenSSL

/// Facts about the connection of an exchange, for people who look for slowness or faults.
public struct HTTPSConnectionDetails: Sendable {
    /// For example `TLSv1.3`.
    public var tlsVersion: String?
    /// For example `TLS_AES_256_GCM_SHA384`.
    public var cipherName: String?
    /// For example `X25519MLKEM768`.
    public var keyExchange: String?
    /// The protocol that ALPN negotiated.
    public var applicationProtocol: String?
    /// The server's certificate; nil if there was no TLS.
    public var peerCertificate: Certificate?
    /// From the name lookup to the established TCP connection.
    public var connecting = Duration.zero
    /// From there until the request was written: the TLS handshake, after the proxy's answer if there is a proxy.
    public var handshaking = Duration.zero
    /// From there to the last byte of the answer.
    public var answering = Duration.zero

    /// Details of a connection that does not exist yet.
    public init() {}

    /// Time of the whole exchange.
    public var total: Duration { connecting + handshaking + answering }
}
