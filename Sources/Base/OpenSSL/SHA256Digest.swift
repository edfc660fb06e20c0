import COpenSSL

/// A SHA-256 digest, stored inline so that it is a cheap dictionary key.
public struct SHA256Digest: Hashable, Sendable {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// Hashes the whole buffer in one call.
    public init(hashing message: UnsafeRawBufferPointer) {
        self.init(filling: { DigestMethod.sha256.hash(message, into: $0) })
    }

    /// - Parameter fill: must write all 32 bytes.
    init(filling fill: (UnsafeMutableRawBufferPointer) -> Void) {
        words = withUnsafeTemporaryAllocation(byteCount: 32, alignment: 8) { output in
            fill(output)
            return (
                output.load(fromByteOffset: 0, as: UInt64.self), output.load(fromByteOffset: 8, as: UInt64.self),
                output.load(fromByteOffset: 16, as: UInt64.self), output.load(fromByteOffset: 24, as: UInt64.self)
            )
        }
    }

    /// The 32 bytes.
    public var bytes: [UInt8] {
        withUnsafeBytes { [UInt8]($0) }
    }

    /// Calls a closure with the 32 bytes, valid only during the call.
    public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        Swift.withUnsafeBytes(of: words, body)
    }

    /// The first eight bytes as a number, which is uniformly distributed.
    public var firstWord: UInt64 { words.0 }

    /// 64 lower-case hexadecimal digits.
    public var hex: String { hexadecimal(bytes) }

    /// Writes as many of the digits of ``hex`` as the buffer has room for.
    public func writeHexadecimal(to digits: UnsafeMutableRawBufferPointer) {
        let alphabet: StaticString = "0123456789abcdef"
        withUnsafeBytes { bytes in
            for index in 0..<min(digits.count, bytes.count * 2) {
                let byte = bytes[index / 2]
                digits[index] = alphabet.utf8Start[Int(index % 2 == 0 ? byte >> 4 : byte & 15)]
            }
        }
    }

    /// Whether all 32 bytes are the same. Not in constant time: digests are not secrets.
    public static func == (left: Self, right: Self) -> Bool { left.words == right.words }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}

/// One-shot digests.
public enum Digests {
    /// SHA-1, only for the certificate thumbprint `x5t` (RFC 7517 section 4.8). It protects nothing.
    public static func sha1(_ message: UnsafeRawBufferPointer) -> [UInt8] { digest(message, .sha1) }

    /// SHA-256 (FIPS 180-4), 32 bytes.
    public static func sha256(_ message: UnsafeRawBufferPointer) -> [UInt8] { digest(message, .sha256) }

    private static func digest(_ message: UnsafeRawBufferPointer, _ method: DigestMethod) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: method.byteCount) { buffer, count in
            method.hash(message, into: UnsafeMutableRawBufferPointer(buffer))
            count = method.byteCount
        }
    }
}

/// Hexadecimal digits, two for each byte.
func hexadecimal(_ bytes: [UInt8], uppercase: Bool = false) -> String {
    let digits: StaticString = uppercase ? "0123456789ABCDEF" : "0123456789abcdef"
    return String(unsafeUninitializedCapacity: bytes.count * 2) { buffer in
        for (index, byte) in bytes.enumerated() {
            buffer[index * 2] = digits.utf8Start[Int(byte >> 4)]
            buffer[index * 2 + 1] = digits.utf8Start[Int(byte & 15)]
        }
        return bytes.count * 2
    }
}
