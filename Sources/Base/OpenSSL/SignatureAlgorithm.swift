import COpenSSL

/// The signature algorithms of RFC 7518 section 3.1 that this module can make and check.
public enum SignatureAlgorithm: Sendable, Hashable, CaseIterable {
    case rs256, rs384, rs512, ps256
    /// ECDSA on P-256; a signature is 64 bytes, r then s (RFC 7518 section 3.4), not DER.
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

    /// Sets digest and padding on a context that was initialized to sign or to verify.
    func configure(_ context: OpaquePointer) -> Bool {
        if keyKind == .rsa {
            let padding = self == .ps256 ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING
            guard EVP_PKEY_CTX_set_rsa_padding(context, padding) == 1 else { return false }
        }
        guard EVP_PKEY_CTX_set_signature_md(context, digest.handle) == 1 else { return false }
        // RFC 7518 section 3.5: the salt is as long as the digest.
        guard self == .ps256 else { return true }
        return EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_DIGEST) == 1
    }
}

/// What a key can be used with.
public enum KeyKind: Sendable, Hashable {
    case rsa
    case p256
    /// Something this module reads and prints, but does not sign or verify with.
    case other
}
