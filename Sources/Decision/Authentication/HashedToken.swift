public import OpenSSL

/// A token and its digests, computed in one pass. The digest of the whole token identifies it in logs and in the cache.
/// The digest of its signed part is verified without hashing the token again.
public struct HashedToken: Sendable {
    let bytes: SecureBytes
    /// SHA-256 of the whole token.
    public let digest: SHA256Digest
    /// SHA-256 of the bytes before the last dot.
    let signed: SignedDigest

    struct SignedDigest: Sendable {
        let length: Int
        let digest: SHA256Digest
    }

    /// Hashes a token.
    public init(_ bytes: SecureBytes) {
        self.bytes = bytes
        (digest, signed) = bytes.withUnsafeBytes { token in
            let length = token.lastIndex(of: UInt8(ascii: ".")) ?? 0
            let (prefix, whole) = SHA256Digest.hashing(token, prefixLength: length)
            return (whole, SignedDigest(length: length, digest: prefix))
        }
    }

    /// Calls a closure with the token's bytes, which are valid only during the call.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes(body)
    }

}
