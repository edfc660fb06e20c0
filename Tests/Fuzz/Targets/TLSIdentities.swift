import OpenSSL
import Timestamps

/// One authority with a server and a client, for this process.
struct TLSIdentities {
    let server: TLSContext
    /// Asks for no certificate.
    let openServer: TLSContext
    let client: TLSContext

    init(protocols: [String]) throws {
        let now = Timestamp.now()
        let (begin, end) = (now.adding(seconds: -86_400), now.adding(seconds: 86_400))
        let key = try PrivateKey.generateP256()
        let authority = try Certificate.selfSigned(
            subject: CertificateName(commonName: "Fuzz CA"), key: key, notBefore: begin, notAfter: end,
            profile: .certificateAuthority)
        func issue(
            _ name: String, _ sans: [SubjectAlternativeName], _ profile: CertificateProfile
        ) throws -> (certificate: [UInt8], key: [UInt8]) {
            let own = try PrivateKey.generateP256()
            let certificate = try Certificate.issue(
                subject: CertificateName(commonName: name), subjectKey: own.publicKey, sans: sans, notBefore: begin,
                notAfter: end, profile: profile, issuer: (authority, key))
            return (certificate.pem, try own.pem())
        }
        let (serverCertificate, serverKey) = try issue("server", [.dns("localhost")], .server)
        let (clientCertificate, clientKey) = try issue("kube-apiserver", [], .client)
        server = try TLSContext(
            server: TLSServerConfiguration(
                certificateChain: serverCertificate, privateKey: serverKey, clientAuthorities: authority.pem,
                applicationProtocols: protocols))
        openServer = try TLSContext(
            server: TLSServerConfiguration(
                certificateChain: serverCertificate, privateKey: serverKey, applicationProtocols: protocols))
        client = try TLSContext(
            client: TLSClientConfiguration(
                trust: .pem(authority.pem), certificateChain: clientCertificate, privateKey: clientKey,
                applicationProtocols: protocols))
    }
}
