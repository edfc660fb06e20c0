import OpenSSL
import Timestamps

/// An authority for a test, and its certificates; no key is stored.
struct TestAuthority {
    let certificate: Certificate
    private let key: PrivateKey

    init(_ name: String = "Test CA") throws {
        key = try PrivateKey.generateP256()
        certificate = try Certificate.selfSigned(
            subject: CertificateName(commonName: name), key: key, notBefore: Self.hours(-48), notAfter: Self.hours(48),
            profile: .certificateAuthority)
    }

    static func hours(_ fromNow: Int64) -> Timestamp { Timestamp.now().adding(seconds: fromNow * 3600) }

    func server(protocols: [String] = ["http/1.1", "h2"], clientAuthority: TestAuthority? = nil) throws -> TLSContext {
        let (certificate, key) = try issue("server", [.ip("127.0.0.1")], .server)
        return try TLSContext(
            server: TLSServerConfiguration(
                certificateChain: certificate.pem, privateKey: try key.pem(),
                clientAuthorities: (clientAuthority ?? self).certificate.pem, applicationProtocols: protocols))
    }

    /// A client of this authority.
    func client(
        _ name: String = "kube-apiserver",
        sans: [SubjectAlternativeName] = [],
        profile: CertificateProfile = .client,
        notBefore: Int64 = -24,
        notAfter: Int64 = 24,
        trusting other: TestAuthority? = nil,
        protocols: [String] = ["http/1.1"]
    ) throws -> TLSContext {
        let (certificate, key) = try issue(name, sans, profile, notBefore, notAfter)
        return try TLSContext(
            client: TLSClientConfiguration(
                trust: .pem((other ?? self).certificate.pem), certificateChain: certificate.pem,
                privateKey: try key.pem(), applicationProtocols: protocols))
    }

    func anonymousClient() throws -> TLSContext {
        try TLSContext(
            client: TLSClientConfiguration(trust: .pem(certificate.pem), applicationProtocols: ["http/1.1"]))
    }

    private func issue(
        _ name: String, _ sans: [SubjectAlternativeName], _ profile: CertificateProfile,
        _ notBefore: Int64 = -24, _ notAfter: Int64 = 24
    ) throws -> (Certificate, PrivateKey) {
        let own = try PrivateKey.generateP256()
        let certificate = try Certificate.issue(
            subject: CertificateName(commonName: name), subjectKey: own.publicKey, sans: sans,
            notBefore: Self.hours(notBefore), notAfter: Self.hours(notAfter), profile: profile,
            issuer: (certificate: self.certificate, key: key))
        return (certificate, own)
    }
}
