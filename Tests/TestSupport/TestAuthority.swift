public import OpenSSL
public import Timestamps

/// A certificate authority that lives as long as the test, and what it issues; no key is stored.
public struct TestAuthority: Sendable {
    /// The authority's own certificate, valid from two days ago to two days ahead.
    public let certificate: Certificate
    private let key: PrivateKey

    /// Creates a new key and certificate.
    public init(_ name: String = "Test CA") throws {
        key = try PrivateKey.generateP256()
        certificate = try Certificate.selfSigned(
            CertificateContents(
                subject: CertificateName(commonName: name), notBefore: .fromNow(hours: -48),
                notAfter: .fromNow(hours: 48), profile: .certificateAuthority), key: key)
    }

    /// A certificate of this authority with a new key, by default valid from a day ago to a day ahead.
    public func issue(
        _ name: String, sans: [SubjectAlternativeName] = [], profile: CertificateProfile,
        notBefore: Timestamp = .fromNow(hours: -24), notAfter: Timestamp = .fromNow(hours: 24)
    ) throws -> TestIdentity {
        let key = try PrivateKey.generateP256()
        let certificate = try Certificate.issue(
            CertificateContents(
                subject: CertificateName(commonName: name), sans: sans, notBefore: notBefore, notAfter: notAfter,
                profile: profile), subjectKey: key.publicKey, issuer: (self.certificate, self.key))
        return TestIdentity(certificate: certificate, key: try key.pem())
    }
}

/// A certificate with its private key in PEM.
public struct TestIdentity: Sendable {
    /// The certificate.
    public let certificate: Certificate
    /// The private key in PEM.
    public let key: [UInt8]
}

extension Timestamp {
    /// The current time, plus hours.
    public static func fromNow(hours: Int64) -> Timestamp { Timestamp.now().adding(seconds: hours * 3600) }
}
