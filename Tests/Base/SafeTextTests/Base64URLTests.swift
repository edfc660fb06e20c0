import SafeText
import Testing

@Suite struct Base64URLTests {
    static func decode(_ text: String) -> [UInt8]? {
        Array(text.utf8).withUnsafeBytes { Base64URL.decode($0) }
    }

    @Test(
        "the vectors of RFC 4648, without padding",
        arguments: [("", ""), ("Zg", "f"), ("Zm8", "fo"), ("Zm9v", "foo"), ("Zm9vYg", "foob"), ("Zm9vYmE", "fooba")])
    func vectors(encoded: String, decoded: String) {
        #expect(Self.decode(encoded) == Array(decoded.utf8))
        #expect(Base64URL.encode(Array(decoded.utf8)) == encoded)
    }

    @Test(
        "what is not strict base64url is refused",
        arguments: [
            ("padding", "Zg=="), ("one character", "Z"), ("one character too many", "Zm9vY"), ("plus", "Zm9+"),
            ("slash", "Zm9/"), ("space", "Zm 9"), ("line break", "Zm9v\n"), ("NUL", "Zm9\0"),
            ("trailing bits of one byte", "Zh"), ("four bits left over", "ZY"), ("two bits left over", "ZmZ"),
            ("trailing bits of two bytes", "Zm9"), ("not ASCII", "Zm9é"),
            ("a dot", "Zm9."),
        ])
    func refuses(name: String, text: String) {
        #expect(Self.decode(text) == nil)
    }

    @Test("every length survives", arguments: 0..<70)
    func roundTrip(length: Int) {
        let bytes = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ length) }
        #expect(Self.decode(Base64URL.encode(bytes)) == bytes)
    }

    @Test("every byte at every place of a long text means what it means alone", arguments: 0..<256)
    func everyByte(value: Int) {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        let byte = UInt8(value)
        let meaning = alphabet.firstIndex(of: byte)
        for length in [16, 20, 32, 36, 48, 64] {
            for place in 0..<length {
                var text = (0..<length).map { alphabet[($0 * 11 + 5) % 64] }
                text[place] = byte
                let decoded = text.withUnsafeBytes { Base64URL.decode($0) }
                #expect((decoded == nil) == (meaning == nil))
                guard let decoded, let meaning else { continue }
                let group = place / 4 * 3
                let bits = decoded[group..<(group + 3)].reduce(0) { $0 << 8 | Int($1) }
                #expect(bits >> (18 - place % 4 * 6) & 63 == meaning)
                #expect(decoded.count == length / 4 * 3)
            }
        }
    }
}
