import OpenSSL
import Testing

@Suite struct SignatureTests {
    static let rsa = Result { try PrivateKey.generateRSA() }
    static let p256 = Result { try PrivateKey.generateP256() }

    static func verify(
        _ key: PublicKey, _ algorithm: SignatureAlgorithm, _ message: [UInt8], _ signature: [UInt8]
    ) -> Bool {
        message.withUnsafeBytes { message in
            signature.withUnsafeBytes { key.verify(algorithm, message: message, signature: $0) }
        }
    }

    @Test("the RS256 example of RFC 7515 verifies")
    func rfc7515RS256() throws {
        let key = try PublicKey(rsaModulus: RFC7515.modulus, exponent: [1, 0, 1])
        #expect(key.kind == .rsa)
        #expect(key.bits == 2_048)
        #expect(key.rsaModulus == RFC7515.modulus)
        #expect(key.rsaExponent == [1, 0, 1])
        #expect(Self.verify(key, .rs256, RFC7515.rs256Input, RFC7515.rs256Signature))
        #expect(!Self.verify(key, .rs256, RFC7515.es256Input, RFC7515.rs256Signature))
        for other in SignatureAlgorithm.allCases where other != .rs256 {
            #expect(!Self.verify(key, other, RFC7515.rs256Input, RFC7515.rs256Signature))
        }
    }

    @Test("the ES256 example of RFC 7515 verifies")
    func rfc7515ES256() throws {
        let key = try PublicKey(p256X: RFC7515.x, y: RFC7515.y)
        #expect(key.kind == .p256)
        #expect(Self.verify(key, .es256, RFC7515.es256Input, RFC7515.es256Signature))
        #expect(!Self.verify(key, .es256, RFC7515.rs256Input, RFC7515.es256Signature))
        #expect(!Self.verify(key, .rs256, RFC7515.es256Input, RFC7515.es256Signature))
    }

    @Test("every algorithm verifies what it has signed", arguments: SignatureAlgorithm.allCases)
    func whatIsSignedVerifies(algorithm: SignatureAlgorithm) throws {
        let key = try (algorithm == .es256 ? Self.p256 : Self.rsa).get()
        let message = randomBytes(1_000)
        let signature = try message.withUnsafeBytes { try key.sign(algorithm, message: $0) }
        #expect(signature.count == (algorithm == .es256 ? 64 : 256))
        #expect(Self.verify(key.publicKey, algorithm, message, signature))
        #expect(!Self.verify(key.publicKey, algorithm, message + [0], signature))
        let copy = try PublicKey(pem: key.publicKey.pem())
        #expect(Self.verify(copy, algorithm, message, signature))
    }

    static let damaged: [(name: String, damage: @Sendable (inout [UInt8]) -> Void)] = [
        ("empty", { $0 = [] }),
        ("first bit changed", { $0[0] ^= 0x80 }),
        ("last bit changed", { $0[$0.count - 1] ^= 1 }),
        ("one byte short", { $0.removeLast() }),
        ("one byte long", { $0.append(0) }),
        ("zero put in front", { $0.insert(0, at: 0) }),
        ("all zeros", { $0 = [UInt8](repeating: 0, count: $0.count) }),
        ("all ones", { $0 = [UInt8](repeating: 0xFF, count: $0.count) }),
        ("of another key", { $0 = $0.count == 64 ? RFC7515.es256Signature : RFC7515.rs256Signature }),
        ("megabyte", { $0 = [UInt8](repeating: 1, count: 1 << 20) }),
    ]

    @Test(
        "a damaged signature is refused", arguments: damaged.indices,
        [SignatureAlgorithm.rs256, .rs384, .ps256, .es256])
    func damagedSignatureIsRefused(index: Int, algorithm: SignatureAlgorithm) throws {
        let key = try (algorithm == .es256 ? Self.p256 : Self.rsa).get()
        let message = Array("message".utf8)
        let good = try message.withUnsafeBytes { try key.sign(algorithm, message: $0) }
        var bad = good
        Self.damaged[index].damage(&bad)
        let verifier = key.publicKey
        #expect(!Self.verify(verifier, algorithm, message, bad), "\(Self.damaged[index].name)")
        // The next caller gets the same context: a rejected signature must not change it.
        #expect(Self.verify(verifier, algorithm, message, good), "after \(Self.damaged[index].name)")
    }

    /// `es256` signatures are fixed-size; DER would be malleable.
    @Test("an ECDSA signature in DER is refused")
    func derSignatureIsRefused() throws {
        let der = [0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01] as [UInt8]
        #expect(!Self.verify(try Self.p256.get().publicKey, .es256, [1], der))
    }

    @Test("a key does not sign with the algorithm of another kind")
    func algorithmOfAnotherKindOfKeyIsNotSigned() throws {
        let rsa = try Self.rsa.get(), p256 = try Self.p256.get()
        #expect(throws: OpenSSLError.self) { try [UInt8]([1]).withUnsafeBytes { try rsa.sign(.es256, message: $0) } }
        #expect(throws: OpenSSLError.self) { try [UInt8]([1]).withUnsafeBytes { try p256.sign(.rs256, message: $0) } }
    }

    @Test("one key serves many threads")
    func oneKeyServesManyThreads() async throws {
        let key = try PublicKey(rsaModulus: RFC7515.modulus, exponent: [1, 0, 1])
        let wrong = await withTaskGroup(of: Int.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<200).count { turn in
                        let genuine = (turn + task) % 3 != 0
                        let input = genuine ? RFC7515.rs256Input : RFC7515.es256Input
                        return Self.verify(key, .rs256, input, RFC7515.rs256Signature) != genuine
                    }
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
    }
}
