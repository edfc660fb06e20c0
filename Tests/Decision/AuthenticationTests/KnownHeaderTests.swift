import Authentication
import Entra
import EntraTokens
import Jansson
import OpenSSL
import TestSupport
import Testing
import Timestamps

/// The header of a verified token is remembered with its keys.
@Suite("Remembered headers")
struct KnownHeaderTests {
    private static func isKnown(_ token: String, _ keys: KeySnapshot) -> Bool {
        Array(token.utf8.prefix { $0 != UInt8(ascii: ".") }).withUnsafeBytes { keys.knownHeader($0) != nil }
    }

    private static func withBadSignature(_ token: String) -> String {
        let end = token.lastIndex(of: ".") ?? token.endIndex
        // 256 bytes, all zero.
        return token[...end] + String(repeating: "A", count: 342)
    }

    private static func decide(_ token: String, _ keys: KeySnapshot, now: Timestamp = TestTokens.now) -> Decision {
        Array(token.utf8).withUnsafeBytes {
            Authenticator(TestTenant.settings()).decide(token: $0, keys: keys, now: now)
        }
    }

    @Test("a header is remembered when a signature is verified, and not before")
    func onlyVerified() throws {
        let keys = try TestTenant.keys()
        let token = try TestTokens.token()
        let stolen = Self.withBadSignature(token)
        #expect(Self.decide(stolen, keys).reason == .signatureInvalid)
        #expect(!Self.isKnown(stolen, keys))
        #expect(Self.decide(token, keys).reason == nil)
        #expect(Self.isKnown(token, keys))
        // Which does not make the signature of another token any better.
        let refused = Self.decide(stolen, keys)
        #expect(refused.reason == .signatureInvalid && refused.untrustedKeyID == "k1")
    }

    @Test(
        "headers that are refused are not remembered",
        arguments: [
            ("another algorithm", [("alg", .string("RS384"))]), ("a forbidden parameter", [("nonce", .string("x"))]),
            ("no key ID", [("kid", nil)]), ("a key of nobody", [("kid", .string("k9"))]),
        ] as [(String, [(String, JSON?)])])
    func refused(name: String, header: [(String, JSON?)]) throws {
        let keys = try TestTenant.keys()
        let token = try TestTokens.token(header: header)
        #expect(Self.decide(token, keys).reason != nil)
        _ = Array(token.utf8).withUnsafeBytes {
            Authenticator(TestTenant.settings()).examine(token: $0, keys: keys, now: TestTokens.now)
        }
        #expect(!Self.isKnown(token, keys), "\(name)")
    }

    @Test("keys that have become too old verify nothing, although their header is known")
    func oldKeys() throws {
        let keys = try TestTenant.keys(usableUntil: TestTokens.now.adding(seconds: 10))
        let token = try TestTokens.token()
        #expect(Self.decide(token, keys).reason == nil)
        #expect(Self.isKnown(token, keys))
        #expect(Self.decide(token, keys, now: TestTokens.now.adding(seconds: 10)).reason == .keysUnavailable)
    }

    @Test("more headers than there is room for are accepted all the same, again and again")
    func many() throws {
        let keys = try TestTenant.keys()
        let tokens = try (0..<40).map { try TestTokens.token(header: [("x\($0)", .integer(1))]) }
        for _ in 0..<2 {
            #expect(tokens.allSatisfy { Self.decide($0, keys).reason == nil })
        }
        #expect(tokens.count { Self.isKnown($0, keys) } == 16)
    }

    @Test("a long header is not remembered")
    func long() throws {
        let keys = try TestTenant.keys()
        let token = try TestTokens.token(header: [("x", .string(String(repeating: "x", count: 2_000)))])
        #expect(Self.decide(token, keys).reason == nil)
        #expect(!Self.isKnown(token, keys))
    }

    @Test("what is remembered changes no decision", arguments: 0..<2)
    func agreement(seed: UInt64) throws {
        var generator = SplitMix(seed: seed + 14)
        let keys = try TestTenant.keys()
        let headers: [[(String, JSON?)]] = [
            [], [("kid", .string("k2"))], [("typ", nil)], [("alg", .string("none"))], [("kid", nil)],
            [("kid", .string("k9"))], [("x5t", .string("k1"))], [("typ", .string("at+jwt"))],
        ]
        for _ in 0..<200 {
            var token = try TestTokens.token(
                header: headers.randomElement(using: &generator) ?? [],
                key: Bool.random(using: &generator) ? TestTenant.otherKey.get() : nil)
            if Int.random(in: 0..<4, using: &generator) == 0 { token = Self.withBadSignature(token) }
            let (kept, fresh) = (Self.decide(token, keys), Self.decide(token, try TestTenant.keys()))
            #expect(kept.outcome == fresh.outcome && kept.subject == fresh.subject)
            #expect(kept.untrustedKeyID == fresh.untrustedKeyID && kept.keyRefreshTenant == fresh.keyRefreshTenant)
        }
    }
}
