import OpenSSL
import Testing
import Timestamps

@Suite struct CertificateTests {
    static let start = Timestamp(secondsSinceEpoch: 1_800_000_000)
    static let end = Timestamp(secondsSinceEpoch: 1_900_000_000)

    struct Authority {
        let key: PrivateKey
        let certificate: Certificate

        init(_ name: String) throws {
            key = try PrivateKey.generateP256()
            certificate = try Certificate.selfSigned(
                CertificateContents(
                    subject: CertificateName(commonName: name), notBefore: start, notAfter: end,
                    profile: .certificateAuthority), key: key)
        }

        func issue(
            _ name: CertificateName, sans: [SubjectAlternativeName] = [], profile: CertificateProfile, key: PrivateKey
        ) throws -> Certificate {
            try Certificate.issue(
                CertificateContents(subject: name, sans: sans, notBefore: start, notAfter: end, profile: profile),
                subjectKey: key.publicKey, issuer: (certificate, self.key))
        }
    }

    @Test("an authority has the extensions of an authority")
    func authority() throws {
        let authority = try Authority("Test CA")
        let certificate = authority.certificate
        #expect(certificate.isCA)
        #expect(certificate.subject == "CN=Test CA")
        #expect(certificate.issuer == "CN=Test CA")
        #expect(certificate.keyUsage == [.keyCertificateSigning, .crlSigning, .digitalSignature])
        #expect(certificate.extendedKeyUsages == nil)
        #expect(certificate.isSigned(by: certificate))
        #expect(certificate.matches(authority.key))
    }

    @Test("a server certificate has its names and its purpose")
    func server() throws {
        let authority = try Authority("Test CA")
        let key = try PrivateKey.generateP256()
        let certificate = try authority.issue(
            CertificateName(commonName: "webhook", organization: "Müller, Söhne"),
            sans: [.dns("localhost"), .dns("webhook.kube-system.svc"), .ip("127.0.0.1"), .ip("::1")],
            profile: .server, key: key)
        #expect(!certificate.isCA)
        #expect(certificate.commonName == "webhook")
        #expect(certificate.subject == "CN=webhook,O=Müller\\, Söhne")
        #expect(certificate.issuer == "CN=Test CA")
        #expect(certificate.dnsNames == ["localhost", "webhook.kube-system.svc"])
        #expect(certificate.ipAddresses == ["127.0.0.1", "::1"])
        #expect(certificate.uriNames == [])
        #expect(certificate.keyUsage == [.digitalSignature])
        #expect(certificate.extendedKeyUsages == [.serverAuth])
        #expect(certificate.notBefore == Self.start)
        #expect(certificate.notAfter == Self.end)
        #expect(certificate.matches(key))
        #expect(!certificate.matches(authority.key))
        #expect(try certificate.publicKey.pem() == key.publicKey.pem())
        #expect(certificate.isSigned(by: authority.certificate))
    }

    @Test("a client certificate has its purpose")
    func client() throws {
        let key = try PrivateKey.generateP256()
        let certificate = try Authority("CA").issue(CertificateName(commonName: "api"), profile: .client, key: key)
        #expect(certificate.extendedKeyUsages == [.clientAuth])
        #expect(certificate.dnsNames == [])
    }

    @Test("an authority of the same name is not the issuer")
    func issuerOfTheSameNameIsNotTheIssuer() throws {
        let key = try PrivateKey.generateP256()
        let certificate = try Authority("CA").issue(CertificateName(commonName: "x"), profile: .client, key: key)
        #expect(!certificate.isSigned(by: try Authority("CA").certificate))
        #expect(!certificate.isSigned(by: certificate))
    }

    @Test("serial numbers are random and 127 bits long")
    func serialNumbersAreRandomAnd127BitsLong() throws {
        let one = try Authority("CA").certificate.serialHex, other = try Authority("CA").certificate.serialHex
        #expect(one.count == 32)
        #expect(one != other)
        #expect(one.first.map { "4567".contains($0) } == true)
    }

    @Test("a certificate reads back from DER and PEM")
    func certificatesSurviveDERAndPEM() throws {
        let one = try Authority("One").certificate, two = try Authority("Two").certificate
        #expect(try Certificate(der: one.der).der == one.der)
        #expect(try Certificate(pem: one.pem).der == one.der)
        #expect(one.sha256Fingerprint == one.der.withUnsafeBytes { SHA256Digest(hashing: $0) })
        let text = Array("a comment\n".utf8)
        let chain = try Certificate.chain(fromPEM: text + one.pem + text + two.pem)
        #expect(chain.map(\.der) == [one.der, two.der])
    }

    @Test("a damaged encoding is refused")
    func damagedEncodingsAreRefused() throws {
        let certificate = try Authority("CA").certificate
        let der = certificate.der, pem = certificate.pem
        #expect(throws: OpenSSLError.self, "nothing") { try Certificate(der: []) }
        #expect(throws: OpenSSLError.self, "cut short") { try Certificate(der: Array(der.dropLast())) }
        #expect(throws: OpenSSLError.self, "one byte more") { try Certificate(der: der + [0]) }
        #expect(throws: OpenSSLError.self, "empty file") { try Certificate.chain(fromPEM: []) }
        #expect(throws: OpenSSLError.self, "a key file") {
            try Certificate.chain(fromPEM: PrivateKey.generateP256().pem())
        }
        #expect(throws: OpenSSLError.self, "second one damaged") {
            try Certificate.chain(fromPEM: pem + Array(pem.prefix(200)) + Array(pem.suffix(30)))
        }
    }

    @Test(
        "a name that no certificate can have is refused",
        arguments: [
            ("empty name", "", SubjectAlternativeName.dns("a")),
            ("65 characters", String(repeating: "x", count: 65), .dns("a")),
            ("empty DNS name", "x", .dns("")),
            ("DNS name with a NUL", "x", .dns("a\0b")),
            ("no address", "x", .ip("localhost")),
        ])
    func impossibleNamesAreRefused(what: String, commonName: String, san: SubjectAlternativeName) throws {
        let key = try PrivateKey.generateP256()
        #expect(throws: OpenSSLError.self, "\(what)") {
            try Certificate.selfSigned(
                CertificateContents(
                    subject: CertificateName(commonName: commonName), sans: [san], notBefore: Self.start,
                    notAfter: Self.end, profile: .server), key: key)
        }
    }

    @Test("a DNS name with a comma stays one name")
    func commaInADNSNameStaysOneName() throws {
        let key = try PrivateKey.generateP256()
        let certificate = try Authority("CA").issue(
            CertificateName(commonName: "x"), sans: [.dns("a,DNS:b")], profile: .server, key: key)
        #expect(certificate.dnsNames == ["a,DNS:b"])
    }
}
