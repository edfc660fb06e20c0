import Glibc
import OpenSSL
import Timestamps

/// Authorities, servers and clients for the tests; no key is stored.
struct Authority {
    let certificate: Certificate
    private let key: PrivateKey

    init(_ name: String) throws {
        key = try PrivateKey.generateP256()
        certificate = try Certificate.selfSigned(
            subject: CertificateName(commonName: name), key: key, notBefore: .hours(-48), notAfter: .hours(48),
            profile: .certificateAuthority)
    }

    func issue(
        _ name: String, sans: [SubjectAlternativeName] = [], profile: CertificateProfile,
        notBefore: Timestamp = .hours(-24), notAfter: Timestamp = .hours(24)
    ) throws -> Identity {
        let key = try PrivateKey.generateP256()
        let certificate = try Certificate.issue(
            subject: CertificateName(commonName: name), subjectKey: key.publicKey, sans: sans, notBefore: notBefore,
            notAfter: notAfter, profile: profile, issuer: (self.certificate, self.key))
        return Identity(certificate: certificate, key: try key.pem())
    }
}

struct Identity: Sendable {
    let certificate: Certificate
    let key: [UInt8]
}

extension Timestamp {
    static func hours(_ fromNow: Int) -> Timestamp {
        Timestamp(secondsSinceEpoch: Int64(time(nil)) + Int64(fromNow) * 3_600)
    }
}

/// One authority for both sides, as a small cluster has it.
struct World: Sendable {
    let authority: Certificate
    let server: Identity
    let client: Identity
    let expired: Identity
    let early: Identity
    let stranger: Identity

    static let shared = Result { try World() }

    init() throws {
        let authority = try Authority("Test CA")
        self.authority = authority.certificate
        server = try authority.issue(
            "server", sans: [.dns("localhost"), .ip("127.0.0.1")], profile: .server)
        client = try authority.issue("kube-apiserver", profile: .client)
        expired = try authority.issue("expired", profile: .client, notBefore: .hours(-24), notAfter: .hours(-1))
        early = try authority.issue("early", profile: .client, notBefore: .hours(1))
        stranger = try Authority("Other CA").issue("stranger", profile: .client)
    }

    func serverContext(mutual: Bool = false, protocols: [String] = []) throws -> TLSContext {
        try TLSContext(
            server: TLSServerConfiguration(
                certificateChain: server.certificate.pem, privateKey: server.key,
                clientAuthorities: mutual ? authority.pem : nil, applicationProtocols: protocols))
    }

    func clientContext(
        _ identity: Identity? = nil, trusting other: Certificate? = nil, protocols: [String] = []
    ) throws -> TLSContext {
        try TLSContext(
            client: TLSClientConfiguration(
                trust: .pem((other ?? authority).pem), certificateChain: identity?.certificate.pem,
                privateKey: identity?.key, applicationProtocols: protocols))
    }
}
