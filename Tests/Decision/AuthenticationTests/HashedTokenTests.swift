import OpenSSL
import Testing

@testable import Authentication

@Suite("The digests of a token")
struct HashedTokenTests {
    @Test("The signed part ends before the last dot, wherever that is", arguments: [0, 1, 7, 8, 9, 30])
    func signedPart(after: Int) {
        for before in 0..<20 {
            for earlier in 0...before {
                var bytes = [UInt8](repeating: UInt8(ascii: "/"), count: before + 1 + after)
                bytes[earlier] = UInt8(ascii: ".")
                bytes[before] = UInt8(ascii: ".")
                let hashed = bytes.withUnsafeBytes { HashedToken(SecureBytes(copying: $0)) }
                #expect(hashed.signed.length == before)
                #expect(hashed.signed.digest == bytes[..<before].withUnsafeBytes { SHA256Digest(hashing: $0) })
                #expect(hashed.digest == bytes.withUnsafeBytes { SHA256Digest(hashing: $0) })
            }
        }
    }

    @Test("Without a dot, nothing is signed")
    func noDot() {
        for count in 0..<20 {
            let bytes = [UInt8](repeating: UInt8(ascii: "a"), count: count)
            #expect(bytes.withUnsafeBytes { HashedToken(SecureBytes(copying: $0)) }.signed.length == 0)
        }
    }
}
