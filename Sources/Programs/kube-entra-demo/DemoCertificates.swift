import Files
import OpenSSL
import Timestamps

/// A private CA and its certificates, valid for an hour on one machine.
struct DemoCertificates {
    static let fileNames = ["ca.crt", "server.crt", "server.key", "client.crt", "client.key"]

    let simulatorContext: TLSContext
    let clientContext: TLSContext

    init(folder: String) throws {
        let now = Timestamp.now()
        let (from, to) = (now.adding(seconds: -300), now.adding(seconds: 86_400))
        let authorityKey = try PrivateKey.generateP256()
        let authority = try Certificate.selfSigned(
            CertificateContents(
                subject: CertificateName(commonName: "kube-entra demo CA"), notBefore: from, notAfter: to,
                profile: .certificateAuthority), key: authorityKey)
        func issue(_ name: String, _ profile: CertificateProfile) throws -> (certificate: [UInt8], key: [UInt8]) {
            let key = try PrivateKey.generateP256()
            let certificate = try Certificate.issue(
                CertificateContents(
                    subject: CertificateName(commonName: name),
                    sans: profile == .server ? [.dns("localhost"), .ip("127.0.0.1")] : [], notBefore: from,
                    notAfter: to, profile: profile), subjectKey: key.publicKey,
                issuer: (certificate: authority, key: authorityKey))
            return (Array(certificate.pem), try key.pem())
        }
        let server = try issue("kube-entra", .server)
        let client = try issue("kube-apiserver", .client)
        let entra = try issue("entra", .server)
        let files = [Array(authority.pem), server.certificate, server.key, client.certificate, client.key]
        for (name, bytes) in zip(DemoCertificates.fileNames, files) {
            try FileIO.write(bytes, to: "\(folder)/\(name)")
        }
        simulatorContext = try TLSContext(
            server: TLSServerConfiguration(
                certificateChain: entra.certificate, privateKey: entra.key, clientAuthorities: nil,
                applicationProtocols: ["http/1.1"]))
        clientContext = try TLSContext(
            client: TLSClientConfiguration(
                trust: .pem(Array(authority.pem)), certificateChain: client.certificate, privateKey: client.key,
                applicationProtocols: ["http/1.1"]))
    }
}
