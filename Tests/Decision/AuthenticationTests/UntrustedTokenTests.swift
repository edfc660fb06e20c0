import Authentication
import Entra
import EntraTokens
import Jansson
import TestSupport
import Testing

/// Tokens that anybody can send: what is read of them before the signature is verified.
@Suite struct UntrustedTokenTests {
    struct Sent: Sendable, CustomTestStringConvertible {
        var name: String
        var header = #"{"typ":"JWT","alg":"RS256","kid":"k9"}"#
        var payload: String
        var reason: RefusalReason
        var refreshes: String?

        var testDescription: String { name }
    }

    private static let issuer = "https://sts.windows.net/\(TestTenant.id)/"
    private static func values(_ count: Int) -> String { String(repeating: "{},", count: count - 1) + "{}" }

    @Test(
        "an untrusted token is read within its bounds",
        arguments: [
            Sent(
                name: "an unknown key ID and our issuer", payload: #"{"iss":"\#(issuer)"}"#, reason: .keyNotFound,
                refreshes: TestTenant.id),
            Sent(
                name: "as many values as a payload may have, the issuer last",
                payload: #"{"x":[\#(values(997))],"iss":"\#(issuer)"}"#, reason: .keyNotFound, refreshes: TestTenant.id),
            Sent(
                name: "one value more", payload: #"{"x":[\#(values(998))],"iss":"\#(issuer)"}"#,
                reason: .issuerNotTrusted),
            Sent(
                name: "one value more, the issuer first", payload: #"{"iss":"\#(issuer)","x":[\#(values(998))]}"#,
                reason: .issuerNotTrusted),
            Sent(
                name: "46 KB of empty objects", payload: #"{"iss":"\#(issuer)","x":[\#(values(11_500))]}"#,
                reason: .issuerNotTrusted),
            Sent(
                name: "one string of 46 KB",
                payload: #"{"x":"\#(String(repeating: "a", count: 34_000))","iss":"\#(issuer)"}"#,
                reason: .keyNotFound, refreshes: TestTenant.id),
            Sent(
                name: "our issuer further in only", payload: #"{"a":{"iss":"\#(issuer)"},"b":[{"iss":"\#(issuer)"}]}"#,
                reason: .issuerNotTrusted),
            Sent(
                name: "our issuer in a string only", payload: #"{"a":"\"iss\":\"\#(issuer)\""}"#,
                reason: .issuerNotTrusted),
            Sent(
                name: "two issuers", payload: #"{"iss":"\#(issuer)","iss":"\#(issuer)"}"#, reason: .issuerNotTrusted),
            Sent(
                name: "an issuer under an escaped name", payload: #"{"\u0069ss":"\#(issuer)"}"#, reason: .keyNotFound,
                refreshes: TestTenant.id),
            Sent(
                name: "no JSON behind our issuer", payload: #"{"iss":"\#(issuer)","#, reason: .issuerNotTrusted),
            Sent(
                name: "another algorithm and our issuer", header: #"{"alg":"none","kid":"k1"}"#,
                payload: #"{"iss":"\#(issuer)"}"#, reason: .algorithmNotAllowed),
            Sent(
                name: "a header of 4096 bytes",
                header: #"{"typ":"JWT","alg":"RS256","kid":"k9","x":"\#(String(repeating: "a", count: 4051))"}"#,
                payload: #"{"iss":"\#(issuer)"}"#, reason: .keyNotFound, refreshes: TestTenant.id),
            Sent(
                name: "a header of 4097 bytes",
                header: #"{"typ":"JWT","alg":"RS256","kid":"k9","x":"\#(String(repeating: "a", count: 4052))"}"#,
                payload: #"{"iss":"\#(issuer)"}"#, reason: .tokenMalformed),
            Sent(
                name: "a header of 64 values", header: #"{"alg":"RS256","kid":"k9","x":[\#(values(60))]}"#,
                payload: #"{"iss":"\#(issuer)"}"#, reason: .keyNotFound, refreshes: TestTenant.id),
            Sent(
                name: "a header of 65 values", header: #"{"alg":"RS256","kid":"k9","x":[\#(values(61))]}"#,
                payload: #"{"iss":"\#(issuer)"}"#, reason: .tokenMalformed),
            Sent(
                name: "an envelope of too many values is judged as a token",
                header: #"{"typ":"pop","alg":"RS256","kid":"k9"}"#,
                payload: #"{"at":"a.b.c","x":[\#(values(998))],"iss":"\#(issuer)"}"#, reason: .issuerNotTrusted),
        ])
    func readsWithinBounds(_ sent: Sent) throws {
        let token = try TestTokens.sign(header: Array(sent.header.utf8), payload: Array(sent.payload.utf8))
        let decision = try TestDecision.decide(token)
        #expect(decision.reason == sent.reason)
        #expect(decision.keyRefreshTenant == sent.refreshes.map(TestTenant.guid))
    }

    @Test(
        "without keys the issuer is asked before the claims' form, as with keys",
        arguments: [
            (#"{"iss":"https://kubernetes.default.svc"}"#, RefusalReason.issuerNotTrusted),
            (#"{"exp":"soon"}"#, .issuerNotTrusted), ("[]", .issuerNotTrusted), ("{", .issuerNotTrusted),
            (#"{"iss":"\#(issuer)"}"#, .claimsMalformed), (#"{"iss":"\#(issuer)","exp":"soon"}"#, .claimsMalformed),
        ])
    func withoutKeys(payload: String, reason: RefusalReason) throws {
        let header = JSON.object(TestTokens.header).render()
        let token = Array(try TestTokens.sign(header: header, payload: Array(payload.utf8)).utf8)
        let authenticator = Authenticator(TestTenant.settings())
        let evaluation = token.withUnsafeBytes { authenticator.examine(token: $0, keys: nil, now: TestTokens.now) }
        #expect(evaluation.reason == reason)
        // With a valid signature, malformed claims are malformed, whoever issued them.
        #expect(try TestDecision.decide(String(decoding: token, as: UTF8.self)).reason == .claimsMalformed)
    }

    @Test("after a bad signature the issuer matters only where another tenant may have a key of that ID")
    func afterBadSignature() throws {
        let other = JSON.string("https://sts.windows.net/\(TestTenant.otherID)/")
        let foreignKey = try TestTenant.otherKey.get()
        let ours = try TestDecision.decide(TestTokens.token(key: foreignKey))
        #expect(ours.reason == .signatureInvalid)
        #expect(ours.keyRefreshTenant == nil)
        let theirs = try TestDecision.decide(TestTokens.token(claims: [("iss", other)], key: foreignKey))
        #expect(theirs.reason == .signatureInvalid)
        #expect(theirs.keyRefreshTenant == TestTenant.guid(TestTenant.otherID))
    }
}
