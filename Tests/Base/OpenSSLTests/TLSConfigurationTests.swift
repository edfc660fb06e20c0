import Testing

@testable import OpenSSL

@Suite struct TLSConfigurationTests {
    @Test("each unusable server file has its own error")
    func unusableServerFilesAreToldApart() throws {
        let authority = try CertificateTests.Authority("CA")
        let pem = authority.certificate.pem, key = try authority.key.pem()
        func fails(_ chain: [UInt8], _ key: [UInt8], _ ca: [UInt8]? = nil, _ alpn: [String] = [])
            -> TLSConfigurationError?
        {
            #expect(throws: TLSConfigurationError.self) {
                try TLSContext(
                    server: TLSServerConfiguration(
                        certificateChain: chain, privateKey: key, clientAuthorities: ca, applicationProtocols: alpn))
            }
        }
        #expect(fails(pem, try PrivateKey.generateP256().pem()) == .privateKeyDoesNotMatchCertificate)
        #expect(fails(pem, key, nil, [""]) == .invalidApplicationProtocol)
        guard case .unreadableCertificateChain = fails([], key) else { throw Unexpected() }
        guard case .unreadablePrivateKey = fails(pem, pem) else { throw Unexpected() }
        guard case .unreadableClientAuthorities = fails(pem, key, key) else { throw Unexpected() }
    }

    @Test("a client certificate needs its own key")
    func clientCertificateNeedsItsKey() throws {
        let pem = try CertificateTests.Authority("CA").certificate.pem
        #expect(throws: TLSConfigurationError.certificateAndKeyBelongTogether) {
            try TLSContext(client: TLSClientConfiguration(trust: .pem(pem), certificateChain: pem))
        }
    }

    @Test("the system's authorities can be loaded")
    func systemTrustStores() {
        let redHat = "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem"
        #expect(SystemTrustStore.locate(environment: { _ in nil }, exists: { $0 == redHat }) == [.file(redHat)])
        #expect(SystemTrustStore.locate(environment: { _ in nil }, exists: { _ in false }) == [])
        let set = ["SSL_CERT_FILE": "/a", "SSL_CERT_DIR": "/b"]
        #expect(
            SystemTrustStore.locate(environment: { set[$0] }, exists: { _ in true }) == [.file("/a"), .directory("/b")])
    }

    struct Unexpected: Error {}
}
