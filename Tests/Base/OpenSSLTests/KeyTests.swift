import OpenSSL
import Testing

@Suite struct KeyTests {
    static let badModuli: [(name: String, modulus: [UInt8], exponent: [UInt8])] = [
        ("no modulus", [], [1, 0, 1]),
        ("modulus zero", [0], [1, 0, 1]),
        ("modulus even", RFC7515.modulus.dropLast() + [2], [1, 0, 1]),
        ("modulus of 16 KiB", [UInt8](repeating: 0xFF, count: 16_384), [1, 0, 1]),
        ("no exponent", RFC7515.modulus, []),
        ("exponent zero", RFC7515.modulus, [0]),
        ("exponent one", RFC7515.modulus, [1]),
        ("exponent one, padded", RFC7515.modulus, [0, 0, 1]),
        ("exponent even", RFC7515.modulus, [4]),
        ("exponent as long as the modulus", RFC7515.modulus, RFC7515.modulus),
    ]

    @Test("unusable RSA parameters are refused", arguments: badModuli.indices)
    func unusableRSAParametersAreRefused(index: Int) {
        let bad = Self.badModuli[index]
        #expect(throws: OpenSSLError.self, "\(bad.name)") {
            try PublicKey(rsaModulus: bad.modulus, exponent: bad.exponent)
        }
    }

    @Test("leading zeros of a modulus do not count")
    func leadingZerosOfAModulusDoNotCount() throws {
        let key = try PublicKey(rsaModulus: [0] + RFC7515.modulus, exponent: [0, 1, 0, 1])
        #expect(key.bits == 2_048)
        #expect(key.rsaModulus == RFC7515.modulus)
    }

    @Test(
        "a point that is not on the curve is refused",
        arguments: [
            ("off the curve", RFC7515.x, RFC7515.x),
            ("the point at infinity", [UInt8](repeating: 0, count: 32), [UInt8](repeating: 0, count: 32)),
            ("short", Array(RFC7515.x.dropLast()), RFC7515.y),
            ("long", RFC7515.x + [0], RFC7515.y),
            ("not below the field's prime", [UInt8](repeating: 0xFF, count: 32), RFC7515.y),
        ])
    func badPointIsRefused(name: String, x: [UInt8], y: [UInt8]) {
        #expect(throws: OpenSSLError.self, "\(name)") { try PublicKey(p256X: x, y: y) }
    }

    @Test("a private key reads back from PEM")
    func privateKeysSurvivePEM() throws {
        for key in [try PrivateKey.generateP256(), try SignatureTests.rsa.get()] {
            let pem = try key.pem()
            #expect(String(decoding: pem, as: UTF8.self).hasPrefix(Self.line("BEGIN")))
            let copy = try PrivateKey(pem: pem)
            #expect(copy.kind == key.kind)
            #expect(try copy.publicKey.pem() == key.publicKey.pem())
        }
    }

    /// The first or last line of a PEM block, built here so that nothing in this file looks like a key.
    static func line(_ which: String, _ kind: String = "") -> String { "-----\(which) \(kind)PRIVATE KEY-----\n" }

    @Test(
        "an unreadable private key is refused",
        arguments: [
            ("nothing", ""), ("text", "hello"),
            ("empty block", line("BEGIN") + line("END")),
            ("no end line", line("BEGIN") + "MC4CAQAwBQYDK2VwBCIEIA==\n"),
            ("cut short", line("BEGIN") + "MC4CAQAw\n" + line("END")),
            (
                "a legacy encrypted block",
                line("BEGIN", "RSA ")
                    + "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n"
                    + String(repeating: "A", count: 64) + "\n" + line("END", "RSA ")
            ),
        ])
    func unreadablePrivateKeyIsRefused(name: String, pem: String) {
        let error = #expect(throws: OpenSSLError.self, "\(name)") { try PrivateKey(pem: Array(pem.utf8)) }
        #expect(error?.description.hasPrefix("cannot read a PEM private key") == true)
    }

    @Test("a public key is not read as a private key")
    func publicKeyIsNoPrivateKey() throws {
        let pem = try PrivateKey.generateP256().publicKey.pem()
        #expect(throws: OpenSSLError.self) { try PrivateKey(pem: pem) }
        #expect(throws: OpenSSLError.self) { try PublicKey(pem: PrivateKey.generateP256().pem()) }
    }
}
