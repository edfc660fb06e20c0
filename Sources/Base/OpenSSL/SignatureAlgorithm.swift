import COpenSSL

/// The signature algorithms of RFC 7518 section 3.1 that this module can sign and verify with.
public enum SignatureAlgorithm: Sendable, Hashable, CaseIterable {
    case rs256, rs384, rs512, ps256
    /// ECDSA on P-256. A signature is r and s, 32 bytes each, not DER (RFC 7518 section 3.4).
    case es256

    var digest: DigestMethod {
        switch self {
        case .rs256, .ps256, .es256: .sha256
        case .rs384: .sha384
        case .rs512: .sha512
        }
    }

    var usesSHA256: Bool {
        switch self {
        case .rs256, .ps256, .es256: true
        case .rs384, .rs512: false
        }
    }

    var keyKind: KeyKind { self == .es256 ? .p256 : .rsa }

    /// Sets digest and padding on an initialized context for signing or verifying.
    func configure(_ context: OpaquePointer) -> Bool {
        if keyKind == .rsa {
            let padding = self == .ps256 ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING
            guard EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 else { return false }
        }
        guard EVP_PKEY_CTX_set_signature_md(context, digest.handle) == 1 else { return false }
        // The salt is as long as the digest (RFC 7518 section 3.5).
        guard self == .ps256 else { return true }
        return EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1
    }
}

/// The type of a key.
public enum KeyKind: Sendable, Hashable {
    case rsa
    case p256
    /// A type that this module can read and print, but not sign or verify with.
    case other
}
