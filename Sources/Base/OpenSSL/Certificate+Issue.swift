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

/// What a new certificate says about its subject.
public struct CertificateContents: Sendable, Hashable {
    /// Who the certificate is for.
    public var subject: CertificateName
    /// The names of a server, which clients check instead of the subject.
    public var sans: [SubjectAlternativeName]
    /// The first second at which it is valid.
    public var notBefore: Timestamp
    /// The last second at which it is valid.
    public var notAfter: Timestamp
    /// What it is for.
    public var profile: CertificateProfile

    public init(
        subject: CertificateName, sans: [SubjectAlternativeName] = [], notBefore: Timestamp, notAfter: Timestamp,
        profile: CertificateProfile
    ) {
        self.subject = subject
        self.sans = sans
        self.notBefore = notBefore
        self.notAfter = notAfter
        self.profile = profile
    }
}

extension Certificate {
    /// Issues a certificate with a random 127-bit serial number, signed with SHA-256.
    ///
    /// - Parameters:
    ///   - subjectKey: the key of the certificate's owner.
    ///   - issuer: the authority that signs; its subject becomes the issuer's name.
    /// - Throws: ``OpenSSLError``, for example if a name is longer than X.509 allows, or an IP address is invalid.
    public static func issue(
        _ contents: CertificateContents, subjectKey: PublicKey, issuer: (certificate: Certificate, key: PrivateKey)
    ) throws(OpenSSLError) -> Certificate {
        try issue(contents, subjectKey, issuer.certificate, issuer.key)
    }

    /// Issues a certificate that is signed with its own key, such as a root authority.
    ///
    /// - Throws: ``OpenSSLError`` for the same reasons as with another issuer.
    public static func selfSigned(
        _ contents: CertificateContents, key: PrivateKey
    ) throws(OpenSSLError) -> Certificate {
        try issue(contents, key.publicKey, nil, key)
    }

    private static func issue(
        _ contents: CertificateContents, _ subjectKey: PublicKey, _ issuer: Certificate?, _ signingKey: PrivateKey
    ) throws(OpenSSLError) -> Certificate {
        let draft = try CertificateDraft()
        try draft.setVersionAndSerialNumber()
        try draft.setSubject(contents.subject)
        try draft.setIssuer(issuer)
        try draft.setValidity(contents.notBefore, contents.notAfter)
        try draft.setPublicKey(subjectKey)
        try draft.addExtensions(contents.profile, issuer: issuer)
        try draft.addAlternativeNames(contents.sans)
        return try draft.signed(with: signingKey)
    }
}
