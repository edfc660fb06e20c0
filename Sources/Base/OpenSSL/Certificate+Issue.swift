public import Timestamps

/// The subject of a certificate to be issued.
public struct CertificateName: Sendable, Hashable {
    public var commonName: String
    public var organization: String?

    public init(commonName: String, organization: String? = nil) {
        self.commonName = commonName
        self.organization = organization
    }
}

/// A name in subjectAltName.
public enum SubjectAlternativeName: Sendable, Hashable {
    case dns(String)
    /// An IPv4 or IPv6 address as text.
    case ip(String)
}

/// What a certificate is issued for; it decides basic constraints, key usage and extended key usage.
public enum CertificateProfile: Sendable, Hashable {
    case certificateAuthority, server, client
}

extension Certificate {
    /// Issues a certificate with a random 127-bit serial number, signed with SHA-256.
    ///
    /// - Parameter issuer: who signs; its name becomes the issuer's name.
    /// - Throws: `OpenSSLError`; for example when a name is longer than X.509 allows, or is no IP address.
    public static func issue(
        subject: CertificateName, subjectKey: PublicKey, sans: [SubjectAlternativeName] = [],
        notBefore: Timestamp, notAfter: Timestamp, profile: CertificateProfile,
        issuer: (certificate: Certificate, key: PrivateKey)
    ) throws(OpenSSLError) -> Certificate {
        try issue(subject, subjectKey, sans, notBefore, notAfter, profile, issuer.certificate, issuer.key)
    }

    /// Issues a certificate that is signed with its own key, as a root authority has it.
    ///
    /// - Throws: `OpenSSLError`, as the other form does.
    public static func selfSigned(
        subject: CertificateName, key: PrivateKey, sans: [SubjectAlternativeName] = [],
        notBefore: Timestamp, notAfter: Timestamp, profile: CertificateProfile
    ) throws(OpenSSLError) -> Certificate {
        try issue(subject, key.publicKey, sans, notBefore, notAfter, profile, nil, key)
    }

    private static func issue(
        _ subject: CertificateName, _ subjectKey: PublicKey, _ sans: [SubjectAlternativeName], _ notBefore: Timestamp,
        _ notAfter: Timestamp, _ profile: CertificateProfile, _ issuer: Certificate?, _ signingKey: PrivateKey
    ) throws(OpenSSLError) -> Certificate {
        let draft = try CertificateDraft()
        try draft.setVersionAndSerialNumber()
        try draft.setSubject(subject)
        try draft.setIssuer(issuer)
        try draft.setValidity(notBefore, notAfter)
        try draft.setPublicKey(subjectKey)
        try draft.addExtensions(profile, issuer: issuer)
        try draft.addAlternativeNames(sans)
        return try draft.signed(with: signingKey)
    }
}
