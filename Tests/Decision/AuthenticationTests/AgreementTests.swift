import Authentication
import Entra
import EntraTokens
import Jansson
import TestSupport
import Testing
import Timestamps

@Suite struct AgreementTests {
    static let values: [JSON?] = [
        nil, .null, .string(""), .string("x"), .integer(0), .integer(-1), .integer(1_800_000_000), .bool(true),
        .array([]), .object([]), .string(TestTenant.otherID), .string("2.0"), .real(1.5), .array([.integer(1)]),
        .string("system:masters"), .object([("groups", "src1"), ("kid", "x")]),
    ]

    static let names = [
        "aud", "iss", "iat", "nbf", "exp", "appid", "azp", "oid", "scp", "tid", "upn", "uti", "ver", "groups", "roles",
        "idtyp", "idp", "acct", "_claim_names", "hasgroups", "cnf", "xms_mirid",
    ]

    @Test("deciding and explaining give the same reason for thousands of random tokens", arguments: 0..<8)
    func agree(seed: Int) throws {
        var generator = SplitMix(seed: UInt64(seed))
        // One configured tenant, and two: with one, explanations continue after an untrusted issuer.
        let both = TestTenant.settings()
        var single = both
        single.tenants.removeLast()
        for _ in 0..<250 {
            var claims: [(String, JSON?)] = []
            for _ in 0..<Int.random(in: 0...4, using: &generator) {
                let name = Self.names.randomElement(using: &generator) ?? "aud"
                claims.append((name, Self.values.randomElement(using: &generator) ?? nil))
            }
            var header: [(String, JSON?)] = []
            if Int.random(in: 0..<4, using: &generator) == 0 {
                let name = ["alg", "kid", "typ", "crit", "nonce"].randomElement(using: &generator) ?? "alg"
                header.append((name, Self.values.randomElement(using: &generator) ?? nil))
            }
            var token = Array(try TestTokens.token(header: header, claims: claims).utf8)
            if Int.random(in: 0..<4, using: &generator) == 0 {
                token[Int.random(in: 0..<token.count, using: &generator)] = UInt8.random(
                    in: 32..<127, using: &generator)
            }
            let text = String(decoding: token, as: UTF8.self)
            // TestDecision.decide throws when the two disagree.
            _ = try TestDecision.decide(text, settings: both)
            let keys = KeySnapshot(try TestTenant.keys().keySets.filter { $0.key == TestTenant.guid(TestTenant.id) })
            _ = try TestDecision.decide(text, settings: single, keys: keys)
        }
    }
}
