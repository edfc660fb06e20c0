public import OpenSSL

/// A token and its digests, made in one pass over its bytes: of the whole, which names it in logs and in the cache,
/// and of what its signature covers, which is verified without hashing it again.
public struct HashedToken: Sendable {
    let bytes: SecureBytes
    /// Of the whole token.
    public let digest: SHA256Digest
    /// Of the bytes before the last dot.
    let signed: SignedDigest

    struct SignedDigest: Sendable {
        let length: Int
        let digest: SHA256Digest
    }

    public init(_ bytes: SecureBytes) {
        self.bytes = bytes
        (digest, signed) = bytes.withUnsafeBytes { token in
            let length = token.lastIndex(of: UInt8(ascii: ".")) ?? 0
            let (prefix, whole) = SHA256Digest.hashing(token, prefixLength: length)
            return (whole, SignedDigest(length: length, digest: prefix))
        }
    }

    /// Lends the token as it was sent.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes(body)
    }

}
