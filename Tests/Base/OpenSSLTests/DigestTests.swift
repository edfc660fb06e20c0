import OpenSSL
import Testing

@Suite struct DigestTests {
    // FIPS 180-4 example messages, and the empty one.
    @Test(
        "SHA-256 gives the known digests",
        arguments: [
            ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
            ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
            (
                "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
            ),
        ])
    func sha256(message: String, expected: String) {
        let bytes = Array(message.utf8)
        #expect(bytes.withUnsafeBytes { SHA256Digest(hashing: $0) }.hex == expected)
        #expect(hex(bytes.withUnsafeBytes { Digests.sha256($0) }) == expected)
        #expect(hex(bytes.withUnsafeBytes { SHA256Digest(hashing: $0) }.bytes) == expected)
    }

    @Test("SHA-1 gives the known digests")
    func sha1() {
        let digest = Array("abc".utf8).withUnsafeBytes { Digests.sha1($0) }
        #expect(hex(digest) == "a9993e364706816aba3e25717850c26c9cd0d89d")
    }

    @Test("digests are equal when their bytes are")
    func digestsAreEqualByContent() {
        let one = [UInt8]([1, 2, 3]).withUnsafeBytes { SHA256Digest(hashing: $0) }
        let same = [UInt8]([1, 2, 3]).withUnsafeBytes { SHA256Digest(hashing: $0) }
        let other = [UInt8]([1, 2, 4]).withUnsafeBytes { SHA256Digest(hashing: $0) }
        #expect(one == same)
        #expect(Set([one, same, other]).count == 2)
    }

    @Test("random bytes are new each time")
    func randomBytesAreNew() {
        #expect(randomBytes(0) == [])
        #expect(randomBytes(32).count == 32)
        #expect(randomBytes(32) != randomBytes(32))
    }

    @Test("cleansing overwrites the bytes")
    func cleansingOverwrites() {
        var secret: [UInt8] = [1, 2, 3]
        secret.withUnsafeMutableBytes { cleanse($0) }
        #expect(secret == [0, 0, 0])
    }
}

func hex(_ bytes: [UInt8]) -> String {
    bytes.map { byte in
        let digits = String(byte, radix: 16)
        return byte < 16 ? "0" + digits : digits
    }.joined()
}

/// The bytes that hexadecimal digits stand for; spaces and line ends are skipped.
func unhex(_ text: String) -> [UInt8] {
    let digits = text.compactMap(\.hexDigitValue)
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] * 16 + digits[$0 + 1]) }
}
