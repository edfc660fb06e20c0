import COpenSSL

/// What a certified key may be used for (RFC 5280 section 4.2.1.3).
public struct KeyUsage: OptionSet, Sendable, Hashable {
    /// The bits of keyUsage (RFC 5280 section 4.2.1.3) as OpenSSL's `KU_…` constants number them.
    public let rawValue: UInt32
    /// A set from OpenSSL's `KU_…` bits.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Signatures other than those on certificates and CRLs: TLS 1.3 and ECDHE need it.
    public static let digitalSignature = KeyUsage(rawValue: UInt32(KU_DIGITAL_SIGNATURE))
    /// Signatures that prove who signed (contentCommitment).
    public static let nonRepudiation = KeyUsage(rawValue: UInt32(KU_NON_REPUDIATION))
    /// Encryption of keys, as in RSA key exchange.
    public static let keyEncipherment = KeyUsage(rawValue: UInt32(KU_KEY_ENCIPHERMENT))
    /// Encryption of data.
    public static let dataEncipherment = KeyUsage(rawValue: UInt32(KU_DATA_ENCIPHERMENT))
    /// Diffie-Hellman key agreement.
    public static let keyAgreement = KeyUsage(rawValue: UInt32(KU_KEY_AGREEMENT))
    /// Signatures on certificates; authorities need it.
    public static let keyCertificateSigning = KeyUsage(rawValue: UInt32(KU_KEY_CERT_SIGN))
    /// Signatures on revocation lists.
    public static let crlSigning = KeyUsage(rawValue: UInt32(KU_CRL_SIGN))
}

/// The purposes for which a certificate may be presented (RFC 5280 section 4.2.1.12).
public enum ExtendedKeyUsage: Sendable, Hashable {
    case serverAuth, clientAuth
    /// A purpose for which this module has no name.
    case other
}

extension Certificate {
    /// Whether this is a version 3 certificate whose basic constraints make it an authority.
    public var isCA: Bool { X509_check_ca(handle) == 1 }

    /// Whether OpenSSL accepts it as an authority for certificates of TLS clients.
    public var canIssueClients: Bool { X509_check_purpose(handle, X509_PURPOSE_SSL_CLIENT, 1) >= 1 }

    /// Whether OpenSSL accepts it as the certificate of a TLS client.
    public var canBeClient: Bool { X509_check_purpose(handle, X509_PURPOSE_SSL_CLIENT, 0) == 1 }

    /// Whether OpenSSL accepts it as an authority for certificates of TLS servers.
    public var canIssueServers: Bool { X509_check_purpose(handle, X509_PURPOSE_SSL_SERVER, 1) >= 1 }

    /// Whether OpenSSL accepts it as the certificate of a TLS server.
    public var canBeServer: Bool { X509_check_purpose(handle, X509_PURPOSE_SSL_SERVER, 0) == 1 }

    /// Nil if the extension is absent, which permits everything.
    public var keyUsage: KeyUsage? {
        guard X509_get_extension_flags(handle) & UInt32(EXFLAG_KUSAGE) != 0 else { return nil }
        return KeyUsage(rawValue: X509_get_key_usage(handle))
    }

    /// Nil if the extension is absent, which permits everything.
    public var extendedKeyUsages: Set<ExtendedKeyUsage>? {
        guard X509_get_extension_flags(handle) & UInt32(EXFLAG_XKUSAGE) != 0 else { return nil }
        let bits = X509_get_extended_key_usage(handle)
        var usages: Set<ExtendedKeyUsage> = []
        if bits & UInt32(XKU_SSL_SERVER) != 0 { usages.insert(.serverAuth) }
        if bits & UInt32(XKU_SSL_CLIENT) != 0 { usages.insert(.clientAuth) }
        if bits & ~UInt32(XKU_SSL_SERVER | XKU_SSL_CLIENT) != 0 || usages.isEmpty { usages.insert(.other) }
        return usages
    }
}
