import COpenSSL
public import Timestamps

/// An X.509 certificate (RFC 5280), read-only.
///
/// `@unchecked Sendable`: the `X509` never changes after it was made; OpenSSL locks what it caches in it.
public final class Certificate: @unchecked Sendable {
    let handle: OpaquePointer

    init(takingOwnership handle: OpaquePointer) {
        self.handle = handle
        // Decodes the extensions now, because the getters below cannot report a failure.
        X509_check_purpose(handle, -1, 0)
    }

    deinit { X509_free(handle) }

    /// Reads the first `CERTIFICATE` block (RFC 7468 section 5).
    ///
    /// - Throws: ``OpenSSLError`` if there is none or it cannot be decoded.
    public convenience init(pem: [UInt8]) throws(OpenSSLError) {
        self.init(
            takingOwnership: try withReadOnlyBIO(pem) { bio throws(OpenSSLError) in
                try make("read a PEM certificate") { PEM_read_bio_X509(bio, nil, refusePassphrase, nil) }
            })
    }

    /// Reads exactly one DER certificate, with nothing after it.
    ///
    /// - Throws: ``OpenSSLError`` for anything else.
    public convenience init(der: [UInt8]) throws(OpenSSLError) {
        let operation = "read a DER certificate"
        ERR_clear_error()
        let decoded = der.withUnsafeBufferPointer { buffer -> (OpaquePointer?, Int) in
            var cursor = buffer.baseAddress
            let made = d2i_X509(nil, &cursor, buffer.count)
            return (made, made == nil ? 0 : (cursor ?? buffer.baseAddress).map { $0 - (buffer.baseAddress ?? $0) } ?? 0)
        }
        guard let made = decoded.0 else { throw .drained(operation) }
        guard decoded.1 == der.count else {
            X509_free(made)
            throw OpenSSLError(operation, reason: "something follows the certificate")
        }
        self.init(takingOwnership: made)
    }

    /// All `CERTIFICATE` blocks in order; other blocks are skipped.
    ///
    /// - Throws: ``OpenSSLError`` if there is no certificate, or one that cannot be decoded.
    public static func chain(fromPEM pem: [UInt8]) throws(OpenSSLError) -> [Certificate] {
        let operation = "read PEM certificates"
        let certificates = try withReadOnlyBIO(pem) { bio throws(OpenSSLError) in
            var certificates: [Certificate] = []
            while true {
                ERR_clear_error()
                if let made = PEM_read_bio_X509(bio, nil, refusePassphrase, nil) {
                    certificates.append(Certificate(takingOwnership: made))
                    continue
                }
                // OpenSSL reports the end of the file as "no start line"; any other error is damage.
                guard ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE else {
                    throw .drained(operation)
                }
                ERR_clear_error()
                return certificates
            }
        }
        guard !certificates.isEmpty else { throw OpenSSLError(operation, reason: "there is no certificate") }
        return certificates
    }

    /// The DER encoding.
    public var der: [UInt8] {
        let count = Int(i2d_X509(handle, nil))
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            var cursor = buffer.baseAddress
            initialized = Int(max(0, i2d_X509(handle, &cursor)))
        }
    }

    /// The certificate as a PEM block.
    public var pem: [UInt8] {
        (try? collectingBIO("write a PEM certificate") { PEM_write_bio_X509($0, handle) == 1 }) ?? []
    }

    /// The SHA-256 digest of the DER encoding.
    public var sha256Fingerprint: SHA256Digest { der.withUnsafeBytes { SHA256Digest(hashing: $0) } }

    /// The serial number as pairs of upper-case hexadecimal digits.
    public var serialHex: String {
        guard let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(handle), nil) else { return "" }
        defer { BN_free(number) }
        let bytes = bigEndianBytes(number)
        return (BN_is_negative(number) == 1 ? "-" : "") + hexadecimal(bytes.isEmpty ? [0] : bytes, uppercase: true)
    }

    /// The first second in which the certificate is valid.
    public var notBefore: Timestamp { Self.timestamp(X509_get0_notBefore(handle)) }

    /// The last second in which the certificate is valid.
    public var notAfter: Timestamp { Self.timestamp(X509_get0_notAfter(handle)) }

    /// The subject's public key.
    ///
    /// - Throws: ``OpenSSLError`` if OpenSSL does not know its type or cannot decode it.
    public var publicKey: PublicKey {
        get throws(OpenSSLError) {
            PublicKey(PKey(takingOwnership: try make("read a certificate's public key") { X509_get_pubkey(handle) }))
        }
    }

    /// Whether `key` is the private key of this certificate.
    public func matches(_ key: PrivateKey) -> Bool {
        ERR_clear_error()
        defer { ERR_clear_error() }
        return X509_check_private_key(handle, key.key.handle) == 1
    }

    /// Whether `issuer` may be this certificate's issuer by its name, and its key made the signature.
    ///
    /// Times are not checked.
    public func isSigned(by issuer: Certificate) -> Bool {
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard X509_check_issued(issuer.handle, handle) == X509_V_OK else { return false }
        guard let key = X509_get0_pubkey(issuer.handle) else { return false }
        return X509_verify(handle, key) == 1
    }

    private static func timestamp(_ time: UnsafePointer<ASN1_TIME>?) -> Timestamp {
        var parts = tm()
        // Certificates with invalid times are rejected when they are decoded or verified; here they become 1970.
        guard ASN1_TIME_to_tm(time, &parts) == 1 else { return Timestamp(secondsSinceEpoch: 0) }
        return Timestamp(secondsSinceEpoch: Int64(timegm(&parts)))
    }
}
