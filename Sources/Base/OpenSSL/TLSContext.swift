import COpenSSL

/// The shared state of all TLS connections with one configuration: certificates, keys, trust, protocols.
///
/// TLS 1.2 and 1.3 with forward-secret AEAD suites only; no renegotiation, no compression, no session resumption.
///
/// `@unchecked Sendable`: the `SSL_CTX` does not change after `init`, and OpenSSL lets any thread create connections
/// from it.
public final class TLSContext: @unchecked Sendable {
    let handle: OpaquePointer
    let role: Role
    /// The ALPN names in wire form. OpenSSL's callback reads them, so they need a fixed address.
    private let protocols: UnsafeBufferPointer<UInt8>

    enum Role { case server, client }

    /// A context for accepted connections.
    ///
    /// - Throws: ``TLSConfigurationError`` if a part of the configuration cannot be used.
    public convenience init(server configuration: TLSServerConfiguration) throws(TLSConfigurationError) {
        try self.init(.server, configuration.applicationProtocols)
        try use(chain: configuration.certificateChain, key: configuration.privateKey)
        if let authorities = configuration.clientAuthorities { try demandClientCertificate(authorities) }
        if !protocols.isEmpty { selectProtocolsAsServer() }
    }

    /// A context for connections that this process opens.
    ///
    /// - Throws: ``TLSConfigurationError`` if a part of the configuration cannot be used.
    public convenience init(client configuration: TLSClientConfiguration) throws(TLSConfigurationError) {
        try self.init(.client, configuration.applicationProtocols)
        try trust(configuration.trust)
        switch (configuration.certificateChain, configuration.privateKey) {
        case (nil, nil): break
        case (let chain?, let key?): try use(chain: chain, key: key)
        default: throw .certificateAndKeyBelongTogether
        }
        // The only OpenSSL call here that reports success as 0.
        if !protocols.isEmpty, SSL_CTX_set_alpn_protos(handle, protocols.baseAddress, UInt32(protocols.count)) != 0 {
            throw .setup(.drained("offer application protocols"))
        }
    }

    private init(_ role: Role, _ applicationProtocols: [String]) throws(TLSConfigurationError) {
        guard let wire = Self.wireForm(applicationProtocols) else { throw .invalidApplicationProtocol }
        do throws(OpenSSLError) {
            handle = try make("set up TLS") { SSL_CTX_new(role == .server ? TLS_server_method() : TLS_client_method()) }
        } catch {
            throw .setup(error)
        }
        self.role = role
        let copy = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: wire.count)
        _ = copy.initialize(from: wire)
        protocols = UnsafeBufferPointer(copy)
        do throws(OpenSSLError) { try restrict() } catch { throw .setup(error) }
    }

    deinit {
        SSL_CTX_free(handle)
        protocols.deallocate()
    }

    /// Each name after its length (RFC 7301 section 3.1).
    private static func wireForm(_ names: [String]) -> [UInt8]? {
        var wire: [UInt8] = []
        for name in names {
            guard let length = UInt8(exactly: name.utf8.count), length > 0 else { return nil }
            wire.append(length)
            wire.append(contentsOf: name.utf8)
        }
        return wire
    }

    private func restrict() throws(OpenSSLError) {
        let operation = "set up TLS"
        try check(operation) { COpenSSL_SSL_CTX_set_min_proto_version(handle, TLS1_2_VERSION) }
        try check(operation) { COpenSSL_SSL_CTX_set_max_proto_version(handle, TLS1_3_VERSION) }
        try check(operation) { SSL_CTX_set_cipher_list(handle, "ECDHE+AESGCM:ECDHE+CHACHA20") }
        try offerKeyExchanges()
        SSL_CTX_set_options(
            handle,
            COpenSSL_SSL_OP_NO_RENEGOTIATION() | COpenSSL_SSL_OP_NO_COMPRESSION() | COpenSSL_SSL_OP_NO_TICKET()
                | COpenSSL_SSL_OP_CIPHER_SERVER_PREFERENCE() | COpenSSL_SSL_OP_CLEANSE_PLAINTEXT())
        // The system's configuration file may have set these options.
        SSL_CTX_clear_options(
            handle, COpenSSL_SSL_OP_LEGACY_SERVER_CONNECT() | COpenSSL_SSL_OP_IGNORE_UNEXPECTED_EOF())
        COpenSSL_SSL_CTX_set_session_cache_mode(handle, Int(SSL_SESS_CACHE_OFF))
        try check(operation) { SSL_CTX_set_num_tickets(handle, 0) }
        // OpenSSL could free record buffers after every record, but would allocate and clear 17 KB for each request.
        // Instead, `TLSSession.releaseBuffers` frees them on idle connections. An intermediate is sent only if it was
        // configured, never because it is among the trusted ones.
        COpenSSL_SSL_CTX_set_mode(
            handle,
            Int(SSL_MODE_ENABLE_PARTIAL_WRITE) | Int(SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
                | Int(SSL_MODE_NO_AUTO_CHAIN))
        // 112 bits: no RSA below 2048, no SHA-1 signatures. A higher level of the system is kept.
        if SSL_CTX_get_security_level(handle) < 2 { SSL_CTX_set_security_level(handle, 2) }
    }

    /// The groups for key exchange, best first. Each line names groups that some version or provider of OpenSSL has.
    ///
    /// The hybrids combine ML-KEM and an elliptic curve, so that recorded traffic stays secret as long as one of the
    /// two is unbroken. A client sends shares for the groups with a `*`, so that a server without the hybrid need not
    /// ask for another; a `/` ends a level of preference (OpenSSL 3.5, `SSL_CTX_set1_groups_list(3)`).
    static let keyExchangeGroups = [
        "*X25519MLKEM768:SecP256r1MLKEM768/*X25519:P-256:P-384",
        // A FIPS provider has nothing that is based on X25519; before 3.5, there is no hybrid.
        "*SecP256r1MLKEM768/*P-256:P-384",
        "X25519:P-256:P-384",
        "P-256:P-384",
    ]

    /// Offers the first line of groups that this OpenSSL accepts: it refuses a line with a name that it does not know.
    private func offerKeyExchanges() throws(OpenSSLError) {
        for groups in Self.keyExchangeGroups {
            ERR_clear_error()
            if COpenSSL_SSL_CTX_set1_groups_list(handle, groups) == 1 { return }
        }
        throw .drained("set up TLS")
    }

    private func selectProtocolsAsServer() {
        SSL_CTX_set_alpn_select_cb(
            handle,
            { connection, chosen, chosenCount, offered, offeredCount, argument in
                guard let argument, let chosenCount, let offered, offeredCount > 0 else { return SSL_TLSEXT_ERR_NOACK }
                // Unretained, because the session that runs this callback holds the context.
                let context = Unmanaged<TLSContext>.fromOpaque(argument).takeUnretainedValue()
                var match: UnsafeMutablePointer<UInt8>?
                let outcome = SSL_select_next_proto(
                    &match, chosenCount, context.protocols.baseAddress, UInt32(context.protocols.count), offered,
                    offeredCount)
                guard outcome == OPENSSL_NPN_NEGOTIATED else { return SSL_TLSEXT_ERR_ALERT_FATAL }
                chosen?.pointee = UnsafePointer(match)
                return SSL_TLSEXT_ERR_OK
            }, Unmanaged.passUnretained(self).toOpaque())
    }
}
