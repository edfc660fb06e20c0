/// The configuration of a TLS server. Files are passed as bytes, so that the caller can watch them for changes.
public struct TLSServerConfiguration: Sendable {
    /// PEM: the server's certificate first, then the intermediates in order.
    public var certificateChain: [UInt8]
    /// The certificate's private key in PEM, unencrypted.
    public var privateKey: [UInt8]
    /// PEM authorities. If set, a client must present a certificate of theirs that is valid for client authentication.
    /// If nil, none is asked for.
    public var clientAuthorities: [UInt8]?
    /// ALPN names (RFC 7301), the preferred one first.
    public var applicationProtocols: [String]

    /// A configuration from its parts; ``TLSContext`` checks it.
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

/// Which authorities a TLS client trusts, and which certificate it presents.
public struct TLSClientConfiguration: Sendable {
    /// The source of the trusted authorities.
    public enum Trust: Sendable, Hashable {
        /// The system's bundle; `SSL_CERT_FILE` and `SSL_CERT_DIR` take precedence over the usual paths.
        case system
        /// Only these PEM certificates.
        case pem([UInt8])
    }

    /// The authorities that may have issued the server's certificate.
    public var trust: Trust
    /// PEM: the client's certificate first, then the intermediates; needs `privateKey`.
    public var certificateChain: [UInt8]?
    /// The certificate's private key in PEM, unencrypted.
    public var privateKey: [UInt8]?
    /// ALPN names (RFC 7301), the preferred one first.
    public var applicationProtocols: [String]

    /// A configuration from its parts; ``TLSContext`` checks it.
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

/// Why a ``TLSContext`` cannot be created.
public enum TLSConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
    case unreadableCertificateChain(OpenSSLError)
    case unreadablePrivateKey(OpenSSLError)
    /// The private key does not belong to the first certificate of the chain.
    case privateKeyDoesNotMatchCertificate
    /// A client certificate without its key, or a key without its certificate.
    case certificateAndKeyBelongTogether
    /// OpenSSL rejects the certificate or its key, for example because the key is too short.
    case unusableCertificate(OpenSSLError)
    case unreadableClientAuthorities(OpenSSLError)
    case unreadableTrustedAuthorities(OpenSSLError)
    /// None of the usual paths of trusted authorities exists.
    case noSystemTrustStore
    /// An ALPN name is empty or longer than 255 bytes.
    case invalidApplicationProtocol
    /// A problem outside of the configuration, such as missing memory or a broken OpenSSL installation.
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
