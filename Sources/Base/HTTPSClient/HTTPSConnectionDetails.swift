public import OpenSSL

/// What the connection of an exchange was like, for people who look for what is slow or wrong.
public struct HTTPSConnectionDetails: Sendable {
    /// For example `TLSv1.3`.
    public var tlsVersion: String?
    /// For example `TLS_AES_256_GCM_SHA384`.
    public var cipherName: String?
    /// What ALPN settled on.
    public var applicationProtocol: String?
    public var peerCertificate: Certificate?
    /// From the name lookup to the TCP connection.
    public var connecting = Duration.zero
    /// From there until the request was written: the TLS handshake, and a proxy's answer before it.
    public var handshaking = Duration.zero
    /// From there to the last byte of the answer.
    public var answering = Duration.zero

    public init() {}

    public var total: Duration { connecting + handshaking + answering }
}
