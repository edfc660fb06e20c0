import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import TestSupport
import Testing

@Suite struct VerifiedClaimsTests {
    private func reason(_ changes: [(String, JSON?)]) throws -> RefusalReason? {
        let document = try JSONDocument(parsing: JSON.object(TestTokens.members(TestTokens.claims, changes)).render())
        return Authenticator(TestTenant.settings()).examine(verifiedClaims: document.root, now: TestTokens.now).reason
    }

    @Test("claims alone are judged as in their token", arguments: RefusedTokenTests.claimCases)
    func agrees(sent: RefusedTokenTests.Case) throws {
        // Claims alone cannot tell which key signed them.
        guard sent.reason != .keyIssuerMismatch else { return }
        #expect(try reason(sent.claims) == sent.reason)
    }

    @Test("an entry that denies tokens issued before a time denies claims with a token's times alone")
    func denied() throws {
        let settings = TestTenant.settings {
            $0.policy.denied = [
                DeniedEntry(
                    target: .objectID(TestTenant.guid(TestTenant.objectID)), issuedBefore: TestTokens.now,
                    reason: "left")
            ]
        }
        let document = try JSONDocument(parsing: JSON.object(TestTokens.claims).render())
        for (isReal, reason) in [(true, RefusalReason?.some(.principalDenied)), (false, nil)] {
            let evaluation = Authenticator(settings).examine(
                verifiedClaims: document.root, now: TestTokens.now, areTokenTimesReal: isReal)
            #expect(evaluation.reason == reason)
        }
        #expect(try TestDecision.decide(TestTokens.token(), settings: settings).reason == .principalDenied)
    }

    @Test("claims are accepted when their token would be")
    func acceptsWhatItsTokenWouldBeAcceptedFor() throws {
        let document = try JSONDocument(parsing: JSON.object(TestTokens.claims).render())
        let examined = Authenticator(TestTenant.settings()).examine(verifiedClaims: document.root, now: TestTokens.now)
        let decision = try TestDecision.decide(TestTokens.token())
        #expect(decision.access != nil)
        var explained = examined.access
        #expect(explained?.because.isEmpty == false)
        explained?.because = []
        #expect(explained == decision.access)
        #expect(!examined.areClaimsTrusted)
    }

    @Test("claims that are bound to a key are taken only where envelopes are")
    func boundClaimsAreTakenOnlyWhereEnvelopesAre() throws {
        let bound = TestTokens.members(TestTokens.claims, [("cnf", .object([("kid", .string("x"))]))])
        let document = try JSONDocument(parsing: JSON.object(bound).render())
        for (rule, expected) in [
            (ProofOfPossessionRule.off, RefusalReason.proofOfPossessionRequired), (.accept, nil), (.require, nil),
        ] {
            let settings = TestTenant.settings {
                $0.trust.proofOfPossession = rule
                $0.trust.clusterHost = "cluster.example"
            }
            let examined = Authenticator(settings).examine(verifiedClaims: document.root, now: TestTokens.now)
            #expect(examined.reason == expected)
        }
    }
}
