import Entra
import EntraTokens
import Jansson
import Testing

@Suite struct RequiredClaimTests {
    static let accepted: [(written: ClaimValue, json: String)] = [
        ("true", "\"true\""), (true, "true"), (false, "false"), ("0", "\"0\""), (0, "0"), (0, "0.0"), (10, "1e1"),
        (.real(1.5), "1.5"), (.real(1.5), "15e-1"), ("", "\"\""), (.real(10), "10"), ("a b", "\"a b\""),
        (1, "[\"1\", 1]"), ("1", "[1, \"1\"]"), (true, "[null, true]"), (-1, "-1"),
        (9_223_372_036_854_775_807, "9223372036854775807"),
    ]

    static let refused: [(written: ClaimValue, json: String)] = [
        ("true", "true"), (true, "\"true\""), (true, "1"), (1, "true"), (1, "\"1\""), ("1", "1"), (1, "1.5"),
        (0, "false"), (0, "null"), (false, "null"), ("null", "null"), ("", "null"), (0, "\"\""), ("1.5", "1.5"),
        (.real(1.5), "\"1.5\""), ("1", "[1]"), (1, "[\"1\"]"), (1, "[[1]]"), (1, "{\"a\": 1}"), (true, "[]"),
        ("\u{212A}", "\"K\""), ("é", "\"e\u{301}\""), (9_223_372_036_854_775_807, "9223372036854775807.0"),
        (9_223_372_036_854_775_807, "9223372036854775806"),
    ]

    static func reason(_ claim: String, _ value: ClaimValue, _ json: String) throws -> RefusalReason? {
        var trust = TokenValidationRules(tenantID: .zero, audiences: [])
        trust.requiredClaims = [RequiredClaim(claim: claim, values: [value])]
        let document = try JSONDocument(parsing: Array("{\"\(claim)\": \(json)}".utf8), maximumBytes: 4096)
        let claims = EntraClaims(document.root)
        return [RefusalReason.requiredClaimMissing, .requiredClaimMismatch].first {
            !trust.unmetRequirements(claims, for: $0).isEmpty
        }
    }

    @Test("a claim of the same JSON type and value meets the requirement", arguments: accepted)
    func met(value: ClaimValue, json: String) throws {
        #expect(try Self.reason("x", value, json) == nil)
    }

    @Test("a claim of another JSON type or value does not", arguments: refused)
    func unmet(value: ClaimValue, json: String) throws {
        #expect(try Self.reason("x", value, json) == .requiredClaimMismatch)
    }

    @Test("scp is met by one word, and a word is a string")
    func scopes() throws {
        #expect(try Self.reason("scp", "b", "\"a b c\"") == nil)
        #expect(try Self.reason("scp", "a b", "\"a b c\"") == .requiredClaimMismatch)
        // A space is a separator by its byte, also before a combining character.
        #expect(try Self.reason("scp", "a", "\"a \u{301}b\"") == nil)
        #expect(try Self.reason("scp", 1, "\"0 1\"") == .requiredClaimMismatch)
    }

    @Test(
        "a value is written so that its type can be seen",
        arguments: [
            ("a", "a"), ("1", "\"1\""), ("true", "\"true\""), (true, "true"), (1, "1"), (.real(1.5), "1.5"),
            ("", "\"\""),
        ] as [(ClaimValue, String)])
    func written(value: ClaimValue, text: String) {
        #expect("\(value)" == text)
    }
}
