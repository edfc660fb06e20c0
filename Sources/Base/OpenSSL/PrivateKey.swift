import COpenSSL

/// A private key, for signatures and for the proof that a certificate is one's own.
public final class PrivateKey: Sendable {
    let key: PKey

    private init(_ key: PKey) { self.key = key }

    /// Reads the first private key block: PKCS#8, or the older RSA and EC forms.
    ///
    /// - Throws: ``OpenSSLError``, also for an encrypted key; no passphrase is asked for.
    public convenience init(pem: [UInt8]) throws(OpenSSLError) {
        self.init(
            PKey(
                takingOwnership: try withReadOnlyBIO(pem) { bio throws(OpenSSLError) in
                    try make("read a PEM private key") { PEM_read_bio_PrivateKey(bio, nil, refusePassphrase, nil) }
                }))
    }

    /// Generates an RSA key with the public exponent 65537.
    ///
    /// - Throws: ``OpenSSLError`` if OpenSSL refuses the size.
    public static func generateRSA(bits: Int = 2_048) throws(OpenSSLError) -> PrivateKey {
        try generate("RSA") { EVP_PKEY_CTX_set_rsa_keygen_bits($0, CInt(clamping: bits)) }
    }

    /// Generates a key on P-256.
    public static func generateP256() throws(OpenSSLError) -> PrivateKey {
        try generate("EC") { EVP_PKEY_CTX_set_group_name($0, "prime256v1") }
    }

    private static func generate(
        _ type: String, _ configure: (OpaquePointer) -> CInt
    ) throws(OpenSSLError) -> PrivateKey {
        let operation = "generate a private key"
        let context = try make(operation) { EVP_PKEY_CTX_new_from_name(nil, type, nil) }
        defer { EVP_PKEY_CTX_free(context) }
        try check(operation) { EVP_PKEY_keygen_init(context) }
        try check(operation) { configure(context) }
        let made = try make(operation) {
            var made: OpaquePointer?
            return EVP_PKEY_generate(context, &made) == 1 ? made : nil
        }
        return PrivateKey(PKey(takingOwnership: made))
    }

    /// The key's type.
    public var kind: KeyKind { key.kind }

    /// Size of the RSA modulus or of the curve's field, in bits.
    public var bits: Int { key.bits }

    /// The public key. It shares the private key's memory but gives no access to the private part.
    public var publicKey: PublicKey { PublicKey(key) }

    /// Signs `message`. The signature has the form that JOSE uses (see ``SignatureAlgorithm``).
    ///
    /// - Throws: ``OpenSSLError`` if the algorithm does not match the key's type.
    public func sign(_ algorithm: SignatureAlgorithm, message: UnsafeRawBufferPointer) throws(OpenSSLError) -> [UInt8] {
        let operation = "sign"
        guard algorithm.keyKind == kind else {
            throw OpenSSLError(operation, reason: "the algorithm does not go with this kind of key")
        }
        let digest = Digest(message, algorithm.digest)
        let context = try make(operation) { EVP_PKEY_CTX_new_from_pkey(nil, key.handle, nil) }
        defer { EVP_PKEY_CTX_free(context) }
        try check(operation) { EVP_PKEY_sign_init(context) }
        try check(operation) { algorithm.configure(context) ? 1 : 0 }
        var length = 0
        try check(operation) { EVP_PKEY_sign(context, nil, &length, digest.bytes, digest.bytes.count) }
        var signature = [UInt8](repeating: 0, count: length)
        try check(operation) {
            EVP_PKEY_sign(context, &signature, &length, digest.bytes, digest.bytes.count)
        }
        signature.removeLast(signature.count - length)
        guard algorithm == .es256 else { return signature }
        guard let concatenated = ECDSASignature.concatenated(fromDER: signature) else { throw .drained(operation) }
        return concatenated
    }

    /// The unencrypted `PRIVATE KEY` block (PKCS#8, RFC 7468 section 10).
    public func pem() throws(OpenSSLError) -> [UInt8] {
        try collectingBIO("write a PEM private key") {
            PEM_write_bio_PKCS8PrivateKey($0, key.handle, nil, nil, 0, nil, nil) == 1
        }
    }
}

/// A digest with its length chosen at run time.
private struct Digest {
    let bytes: [UInt8]

    init(_ message: UnsafeRawBufferPointer, _ method: DigestMethod) {
        bytes = [UInt8](unsafeUninitializedCapacity: method.byteCount) { buffer, initialized in
            method.hash(message, into: UnsafeMutableRawBufferPointer(buffer))
            initialized = method.byteCount
        }
    }
}
