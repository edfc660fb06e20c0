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
            let length = Self.lastDot(in: token) ?? 0
            let (prefix, whole) = SHA256Digest.hashing(token, prefixLength: length)
            return (whole, SignedDigest(length: length, digest: prefix))
        }
    }

    /// Index of the last dot. The signature after it has none, and is skipped eight bytes at a time.
    private static func lastDot(in token: UnsafeRawBufferPointer) -> Int? {
        let dot = UInt8(ascii: "."), ones: UInt64 = 0x0101_0101_0101_0101
        var end = token.count
        while end >= 8 {
            let word = token.loadUnaligned(fromByteOffset: end - 8, as: UInt64.self) ^ (ones &* UInt64(dot))
            // A byte is zero where the dot is.
            if (word &- ones) & ~word & (ones &* 0x80) != 0 { break }
            end -= 8
        }
        return token[..<end].lastIndex(of: dot)
    }

    /// Calls a closure with the token's bytes, which are valid only during the call.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        bytes.withUnsafeBytes(body)
    }
}
