import COpenSSL

/// A public key, with prepared contexts for the algorithm that it is used with most.
///
/// Any number of threads may use it at once; they share no lock of this module.
public final class PublicKey: Sendable {
    let key: PKey
    private let ready: VerificationContextPool

    init(_ key: PKey) {
        self.key = key
        ready = VerificationContextPool(key: key, algorithm: key.kind == .p256 ? .es256 : .rs256)
    }

    /// An RSA key from its big-endian integers, as in a JWK (RFC 7518 section 6.3.1).
    ///
    /// - Throws: ``OpenSSLError`` if the modulus is even or longer than 16384 bits, or the exponent is not an odd
    ///   number above 1. The caller decides which sizes are strong enough.
    public convenience init(rsaModulus: [UInt8], exponent: [UInt8]) throws(OpenSSLError) {
        let operation = "make an RSA public key"
        guard let last = rsaModulus.last, last & 1 == 1, rsaModulus.count <= 2_049 else {
            throw OpenSSLError(operation, reason: "the modulus is not an odd number of at most 16384 bits")
        }
        guard let last = exponent.last, last & 1 == 1, exponent.count <= 32,
            last > 1 || exponent.dropLast().contains(where: { $0 != 0 })
        else { throw OpenSSLError(operation, reason: "the exponent is not an odd number above 1") }
        guard let modulusNumber = BN_bin2bn(rsaModulus, CInt(rsaModulus.count), nil) else { throw .drained(operation) }
        defer { BN_free(modulusNumber) }
        guard let exponentNumber = BN_bin2bn(exponent, CInt(exponent.count), nil) else { throw .drained(operation) }
        defer { BN_free(exponentNumber) }
        self.init(
            try PKey.make(type: "RSA", operation: operation) { builder in
                OSSL_PARAM_BLD_push_BN(builder, constant("n"), modulusNumber) == 1
                    && OSSL_PARAM_BLD_push_BN(builder, constant("e"), exponentNumber) == 1
            })
    }

    /// A key on P-256 from the big-endian coordinates of its point, 32 bytes each (RFC 7518 section 6.2.1).
    ///
    /// - Throws: ``OpenSSLError`` if the point is not on the curve.
    public convenience init(p256X x: [UInt8], y: [UInt8]) throws(OpenSSLError) {
        let operation = "make a P-256 public key"
        guard x.count == 32, y.count == 32 else {
            throw OpenSSLError(operation, reason: "a coordinate is not 32 bytes long")
        }
        // The builder keeps the address, so the bytes must stay in place until the key is made.
        let made = ([0x04] + x + y).withUnsafeBufferPointer { point in
            Result { () throws(OpenSSLError) in
                try PKey.make(type: "EC", operation: operation) { builder in
                    OSSL_PARAM_BLD_push_utf8_string(builder, constant("group"), constant("prime256v1"), 0) == 1
                        && OSSL_PARAM_BLD_push_octet_string(builder, constant("pub"), point.baseAddress, 65) == 1
                }
            }
        }
        self.init(try made.get())
    }

    /// Reads the first `PUBLIC KEY` block (SubjectPublicKeyInfo, RFC 7468 section 13).
    ///
    /// - Throws: ``OpenSSLError`` if there is none or it cannot be decoded.
    public convenience init(pem: [UInt8]) throws(OpenSSLError) {
        self.init(
            PKey(
                takingOwnership: try withReadOnlyBIO(pem) { bio throws(OpenSSLError) in
                    try make("read a PEM public key") { PEM_read_bio_PUBKEY(bio, nil, refusePassphrase, nil) }
                }))
    }

    /// The key's type.
    public var kind: KeyKind { key.kind }

    /// Size of the RSA modulus or of the curve's field, in bits.
    public var bits: Int { key.bits }

    /// The big-endian modulus without leading zeros; nil if this is not an RSA key.
    public var rsaModulus: [UInt8]? { kind == .rsa ? key.integer("n") : nil }

    /// The big-endian public exponent without leading zeros; nil if this is not an RSA key.
    public var rsaExponent: [UInt8]? { kind == .rsa ? key.integer("e") : nil }

    /// The `PUBLIC KEY` block (SubjectPublicKeyInfo, RFC 7468 section 13).
    public func pem() throws(OpenSSLError) -> [UInt8] {
        try collectingBIO("write a PEM public key") { PEM_write_bio_PUBKEY($0, key.handle) == 1 }
    }

    /// Whether `signature` is this key's signature over `message`.
    ///
    /// False for any mismatch, also if the algorithm does not match the key's type or the signature has the wrong
    /// length. The error queue is empty afterwards.
    public func verify(
        _ algorithm: SignatureAlgorithm, message: UnsafeRawBufferPointer, signature: UnsafeRawBufferPointer
    ) -> Bool {
        guard mayVerify(algorithm, signature) else { return false }
        let digest = algorithm.digest
        return withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { hash in
            digest.hash(message, into: hash)
            return verify(algorithm, hash: UnsafeRawBufferPointer(rebasing: hash[..<digest.byteCount]), signature)
        }
    }

    /// Like ``verify(_:message:signature:)``, with the digest of the message.
    ///
    /// False also if the algorithm does not use SHA-256.
    public func verify(
        _ algorithm: SignatureAlgorithm, digest: SHA256Digest, signature: UnsafeRawBufferPointer
    ) -> Bool {
        guard mayVerify(algorithm, signature), algorithm.usesSHA256 else { return false }
        return digest.withUnsafeBytes { verify(algorithm, hash: $0, signature) }
    }

    /// Whether the signature could be valid, so that hashing is worthwhile.
    private func mayVerify(_ algorithm: SignatureAlgorithm, _ signature: UnsafeRawBufferPointer) -> Bool {
        algorithm.keyKind == kind && (kind == .p256 || signature.count == (bits + 7) / 8)
    }

    private func verify(
        _ algorithm: SignatureAlgorithm, hash: UnsafeRawBufferPointer, _ signature: UnsafeRawBufferPointer
    ) -> Bool {
        guard kind == .p256 else { return verifyEncoded(algorithm, hash: hash, signature) }
        guard let encoded = ECDSASignature.der(fromConcatenated: signature) else { return false }
        return encoded.withUnsafeBytes { verifyEncoded(algorithm, hash: hash, $0) }
    }

    private func verifyEncoded(
        _ algorithm: SignatureAlgorithm, hash: UnsafeRawBufferPointer, _ signature: UnsafeRawBufferPointer
    ) -> Bool {
        let hashBytes = hash.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let signatureBytes = signature.baseAddress?.assumingMemoryBound(to: UInt8.self)
        let valid = ready.withContext(algorithm) { context in
            ERR_clear_error()
            return EVP_PKEY_verify(context, signatureBytes, signature.count, hashBytes, hash.count) == 1
        }
        if !valid { ERR_clear_error() }
        return valid
    }
}
