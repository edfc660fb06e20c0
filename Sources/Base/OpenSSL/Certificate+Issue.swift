public import Timestamps

/// The subject of a new certificate.
public struct CertificateName: Sendable, Hashable {
    /// At most 64 characters (RFC 5280 appendix A).
    public var commonName: String
    /// At most 64 characters; Kubernetes reads it as a group.
    public var organization: String?

    public init(commonName: String, organization: String? = nil) {
        self.commonName = commonName
        self.organization = organization
    }
}

/// A name in subjectAltName (RFC 5280 section 4.2.1.6).
public enum SubjectAlternativeName: Sendable, Hashable {
    case dns(String)
    /// An IPv4 or IPv6 address as text.
    case ip(String)
}

/// The purpose of a new certificate. It decides basic constraints, key usage and extended key usage.
public enum CertificateProfile: Sendable, Hashable {
    case certificateAuthority, server, client
}

extension Certificate {
    /// Issues a certificate with a random 127-bit serial number, signed with SHA-256.
    ///
    /// - Parameter issuer: the authority that signs; its subject becomes the issuer's name.
    /// - Throws: ``OpenSSLError``, for example if a name is longer than X.509 allows, or an IP address is invalid.
    public static func issue(
        subject: CertificateName, subjectKey: PublicKey, sans: [SubjectAlternativeName] = [],
        notBefore: Timestamp, notAfter: Timestamp, profile: CertificateProfile,
        issuer: (certificate: Certificate, key: PrivateKey)
    ) throws(OpenSSLError) -> Certificate {
        try issue(subject, subjectKey, sans, notBefore, notAfter, profile, issuer.certificate, issuer.key)
    }

    /// Issues a certificate that is signed with its own key, such as a root authority.
    ///
    /// - Throws: ``OpenSSLError`` for the same reasons as with another issuer.
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
