import COpenSSL

extension TLSContext {
    /// Sets the certificate that this side presents.
    func use(chain pem: [UInt8], key keyPEM: [UInt8]) throws(TLSConfigurationError) {
        let chain: [Certificate]
        do throws(OpenSSLError) { chain = try Certificate.chain(fromPEM: pem) } catch {
            throw .unreadableCertificateChain(error)
        }
        let key: PrivateKey
        do throws(OpenSSLError) { key = try PrivateKey(pem: keyPEM) } catch { throw .unreadablePrivateKey(error) }
        guard let leaf = chain.first, leaf.matches(key) else { throw .privateKeyDoesNotMatchCertificate }
        let operation = "use a certificate"
        do throws(OpenSSLError) {
            try check(operation) { SSL_CTX_use_certificate(handle, leaf.handle) }
            for intermediate in chain.dropFirst() {
                try check(operation) { COpenSSL_SSL_CTX_add1_chain_cert(handle, intermediate.handle) }
            }
            try check(operation) { SSL_CTX_use_PrivateKey(handle, key.key.handle) }
        } catch {
            throw .unusableCertificate(error)
        }
    }

    func demandClientCertificate(_ authorities: [UInt8]) throws(TLSConfigurationError) {
        do throws(OpenSSLError) {
            for authority in try addTrusted(authorities) {
                // Its name is sent to clients, which choose their certificate by it.
                try check("name a client authority") { SSL_CTX_add_client_CA(handle, authority.handle) }
            }
        } catch {
            throw .unreadableClientAuthorities(error)
        }
        SSL_CTX_set_verify(handle, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, TLSSession.keepRefused)
    }

    func trust(_ trust: TLSClientConfiguration.Trust) throws(TLSConfigurationError) {
        SSL_CTX_set_verify(handle, SSL_VERIFY_PEER, nil)
        let places = trust == .system ? SystemTrustStore.locate() : []
        if trust == .system, places.isEmpty { throw .noSystemTrustStore }
        do throws(OpenSSLError) {
            if case .pem(let authorities) = trust { _ = try addTrusted(authorities) }
            for place in places {
                try check("read trusted certificates") {
                    switch place {
                    case .file(let path): SSL_CTX_load_verify_file(handle, path)
                    case .directory(let path): SSL_CTX_load_verify_dir(handle, path)
                    }
                }
            }
        } catch {
            throw .unreadableTrustedAuthorities(error)
        }
    }

    private func addTrusted(_ pem: [UInt8]) throws(OpenSSLError) -> [Certificate] {
        let authorities = try Certificate.chain(fromPEM: pem)
        let store = SSL_CTX_get_cert_store(handle)
        // Every listed certificate is trusted as it is, also an intermediate without its root.
        try check("trust a certificate") { X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN)) }
        for authority in authorities {
            try check("trust a certificate") { X509_STORE_add_cert(store, authority.handle) }
        }
        return authorities
    }
}
