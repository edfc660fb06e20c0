import OpenSSL
import TestSupport

/// The two sides of a server's connections.
extension TestAuthority {
    func server(protocols: [String] = ["http/1.1", "h2"], clientAuthority: TestAuthority? = nil) throws -> TLSContext {
        let identity = try issue("server", sans: [.ip("127.0.0.1")], profile: .server)
        return try TLSContext(
            server: TLSServerConfiguration(
                certificateChain: identity.certificate.pem, privateKey: identity.key,
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
        let identity = try issue(
            name, sans: sans, profile: profile, notBefore: .fromNow(hours: notBefore),
            notAfter: .fromNow(hours: notAfter))
        return try TLSContext(
            client: TLSClientConfiguration(
                trust: .pem((other ?? self).certificate.pem), certificateChain: identity.certificate.pem,
                privateKey: identity.key, applicationProtocols: protocols))
    }

    func anonymousClient() throws -> TLSContext {
        try TLSContext(
            client: TLSClientConfiguration(trust: .pem(certificate.pem), applicationProtocols: ["http/1.1"]))
    }
}
