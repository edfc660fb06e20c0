import OpenSSL
import TestSupport

/// One authority for both sides, as a small cluster has it.
struct TLSParties: Sendable {
    let authority: Certificate
    let server: TestIdentity
    let client: TestIdentity
    let expired: TestIdentity
    let early: TestIdentity
    let stranger: TestIdentity

    static let shared = Result { try TLSParties() }

    init() throws {
        let authority = try TestAuthority("Test CA")
        self.authority = authority.certificate
        server = try authority.issue(
            "server", sans: [.dns("localhost"), .ip("127.0.0.1")], profile: .server)
        client = try authority.issue("kube-apiserver", profile: .client)
        expired = try authority.issue(
            "expired", profile: .client, notBefore: .fromNow(hours: -24), notAfter: .fromNow(hours: -1))
        early = try authority.issue("early", profile: .client, notBefore: .fromNow(hours: 1))
        stranger = try TestAuthority("Other CA").issue("stranger", profile: .client)
    }

    func serverContext(mutual: Bool = false, protocols: [String] = []) throws -> TLSContext {
        try TLSContext(
            server: TLSServerConfiguration(
                certificateChain: server.certificate.pem, privateKey: server.key,
                clientAuthorities: mutual ? authority.pem : nil, applicationProtocols: protocols))
    }

    func clientContext(
        _ identity: TestIdentity? = nil, trusting other: Certificate? = nil, protocols: [String] = []
    ) throws -> TLSContext {
        try TLSContext(
            client: TLSClientConfiguration(
                trust: .pem((other ?? authority).pem), certificateChain: identity?.certificate.pem,
                privateKey: identity?.key, applicationProtocols: protocols))
    }
}
