import COpenSSL

/// What a certified key may do (RFC 5280 section 4.2.1.3).
public struct KeyUsage: OptionSet, Sendable, Hashable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    public static let digitalSignature = KeyUsage(rawValue: UInt32(KU_DIGITAL_SIGNATURE))
    public static let nonRepudiation = KeyUsage(rawValue: UInt32(KU_NON_REPUDIATION))
    public static let keyEncipherment = KeyUsage(rawValue: UInt32(KU_KEY_ENCIPHERMENT))
    public static let dataEncipherment = KeyUsage(rawValue: UInt32(KU_DATA_ENCIPHERMENT))
    public static let keyAgreement = KeyUsage(rawValue: UInt32(KU_KEY_AGREEMENT))
    public static let keyCertificateSigning = KeyUsage(rawValue: UInt32(KU_KEY_CERT_SIGN))
    public static let crlSigning = KeyUsage(rawValue: UInt32(KU_CRL_SIGN))
}

/// What a certificate may be presented for (RFC 5280 section 4.2.1.12).
public enum ExtendedKeyUsage: Sendable, Hashable {
    case serverAuth, clientAuth
    /// Any purpose that this module has no name for.
    case other
}

extension Certificate {
    /// Whether it is a version 3 certificate whose basic constraints make it a certificate authority.
    public var isCA: Bool { X509_check_ca(handle) == 1 }

    /// Whether OpenSSL takes it for an authority over certificates of TLS clients.
    public var canIssueClients: Bool { X509_check_purpose(handle, X509_PURPOSE_SSL_CLIENT, 1) >= 1 }

    /// Whether OpenSSL takes it from a TLS client itself.
    public var canBeClient: Bool { X509_check_purpose(handle, X509_PURPOSE_SSL_CLIENT, 0) == 1 }

    /// Nil when the extension is absent, which permits everything.
    public var keyUsage: KeyUsage? {
        guard X509_get_extension_flags(handle) & UInt32(EXFLAG_KUSAGE) != 0 else { return nil }
        return KeyUsage(rawValue: X509_get_key_usage(handle))
    }

    /// Nil when the extension is absent, which permits everything.
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
