import OpenSSL
import TestSupport

/// One authority with a server and a client, for this process.
struct TLSIdentities {
    let server: TLSContext
    /// Asks for no certificate.
    let openServer: TLSContext
    let client: TLSContext

    init(protocols: [String]) throws {
        let authority = try TestAuthority("Fuzz CA")
        let own = try authority.issue("server", sans: [.dns("localhost")], profile: .server)
        let caller = try authority.issue("kube-apiserver", profile: .client)
        server = try TLSContext(
            server: TLSServerConfiguration(
                certificateChain: own.certificate.pem, privateKey: own.key,
                clientAuthorities: authority.certificate.pem, applicationProtocols: protocols))
        openServer = try TLSContext(
            server: TLSServerConfiguration(
                certificateChain: own.certificate.pem, privateKey: own.key, applicationProtocols: protocols))
        client = try TLSContext(
            client: TLSClientConfiguration(
                trust: .pem(authority.certificate.pem), certificateChain: caller.certificate.pem,
                privateKey: caller.key, applicationProtocols: protocols))
    }
}
