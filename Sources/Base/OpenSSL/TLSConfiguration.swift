/// What a TLS server shows and demands. All files come in as bytes, so that who reads them can also watch them.
public struct TLSServerConfiguration: Sendable {
    /// PEM: the server's certificate first, then the intermediates in order.
    public var certificateChain: [UInt8]
    /// PEM, unencrypted.
    public var privateKey: [UInt8]
    /// PEM authorities. Given: a client must present a certificate of theirs that is valid for client
    /// authentication. Nil: none is asked for.
    public var clientAuthorities: [UInt8]?
    /// ALPN names (RFC 7301), the server's favourite first.
    public var applicationProtocols: [String]

    public init(
        certificateChain: [UInt8], privateKey: [UInt8], clientAuthorities: [UInt8]? = nil,
        applicationProtocols: [String] = []
    ) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
        self.clientAuthorities = clientAuthorities
        self.applicationProtocols = applicationProtocols
    }
}

/// Whom a TLS client trusts and what it shows.
public struct TLSClientConfiguration: Sendable {
    /// Where the trusted authorities come from.
    public enum Trust: Sendable, Hashable {
        /// The system's bundle; `SSL_CERT_FILE` and `SSL_CERT_DIR` take precedence over the usual places.
        case system
        /// These PEM certificates and no others.
        case pem([UInt8])
    }

    public var trust: Trust
    /// PEM: the client's certificate first, then the intermediates; needs `privateKey`.
    public var certificateChain: [UInt8]?
    /// PEM, unencrypted.
    public var privateKey: [UInt8]?
    /// ALPN names (RFC 7301), the client's favourite first.
    public var applicationProtocols: [String]

    public init(
        trust: Trust = .system, certificateChain: [UInt8]? = nil, privateKey: [UInt8]? = nil,
        applicationProtocols: [String] = []
    ) {
        self.trust = trust
        self.certificateChain = certificateChain
        self.privateKey = privateKey
        self.applicationProtocols = applicationProtocols
    }
}

/// Why a `TLSContext` cannot be made.
public enum TLSConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadableCertificateChain(OpenSSLError)
    case unreadablePrivateKey(OpenSSLError)
    /// The private key is not the one of the first certificate in the chain.
    case privateKeyDoesNotMatchCertificate
    /// A client certificate without its key, or the other way round.
    case certificateAndKeyBelongTogether
    /// OpenSSL refuses the certificate or its key, for example because the key is too short.
    case unusableCertificate(OpenSSLError)
    case unreadableClientAuthorities(OpenSSLError)
    case unreadableTrustedAuthorities(OpenSSLError)
    /// None of the places where systems keep their trusted authorities exists.
    case noSystemTrustStore
    /// An ALPN name is empty or longer than 255 bytes.
    case invalidApplicationProtocol
    /// Something that does not depend on the configuration, such as want of memory or a broken OpenSSL set-up.
    case setup(OpenSSLError)

    public var description: String {
        switch self {
        case .unreadableCertificateChain(let error): "the certificate chain cannot be used: \(error)"
        case .unreadablePrivateKey(let error): "the private key cannot be used: \(error)"
        case .privateKeyDoesNotMatchCertificate: "the private key does not belong to the certificate"
        case .certificateAndKeyBelongTogether: "a certificate and its private key must be given together"
        case .unusableCertificate(let error): "the certificate cannot be used: \(error)"
        case .unreadableClientAuthorities(let error): "the client authorities cannot be used: \(error)"
        case .unreadableTrustedAuthorities(let error): "the trusted authorities cannot be used: \(error)"
        case .noSystemTrustStore: "the system's trusted certificates were not found"
        case .invalidApplicationProtocol: "an application protocol's name is empty or too long"
        case .setup(let error): "TLS cannot be set up: \(error)"
        }
    }
}
