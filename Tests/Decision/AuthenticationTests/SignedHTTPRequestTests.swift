import Authentication
import Entra
import EntraTokens
import JOSE
import Jansson
import OpenSSL
import SafeText
import TestSupport
import Testing
import Timestamps

@Suite("Proof-of-possession envelopes")
struct SignedHTTPRequestTests {
    static let settings = TestTenant.settings {
        $0.trust.proofOfPossession = .require
        $0.trust.clusterHost = SignedHTTPRequests.host
    }

    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        var header: [(String, JSON?)] = []
        var payload: [(String, JSON?)] = []
        let problem: ProofProblem?

        init(
            _ name: String, header: [(String, JSON?)] = [], payload: [(String, JSON?)] = [], _ problem: ProofProblem?
        ) {
            testDescription = name
            self.header = header
            self.payload = payload
            self.problem = problem
        }
    }

    private func decide(
        _ envelope: String, settings: AuthenticationSettings = Self.settings
    ) throws -> (reason: RefusalReason?, problem: ProofProblem?) {
        let decision = try TestDecision.decide(envelope, settings: settings)
        let evaluation = try Array(envelope.utf8).withUnsafeBytes {
            Authenticator(settings).examine(token: $0, keys: try TestTenant.keys(), now: TestTokens.now)
        }
        return (decision.reason, evaluation.proofProblem)
    }

    private static let second = TestTokens.now.secondsSinceEpoch

    @Test(
        "an envelope is accepted, or refused for its own problem",
        arguments: [
            Case("an envelope as kubelogin makes it", nil),
            Case("the host in other case", payload: [("u", "CLUSTER.Example")], nil),
            Case("another host", payload: [("u", "other.example")], .host),
            Case("the host with a suffix", payload: [("u", "cluster.example.evil")], .host),
            Case("no host", payload: [("u", nil)], .host),
            Case("16 minutes old, to the second before", payload: [("ts", .integer(second - 959))], nil),
            Case("16 minutes old", payload: [("ts", .integer(second - 960))], .time),
            Case("a minute ahead", payload: [("ts", .integer(second + 60))], nil),
            Case("a minute and a second ahead", payload: [("ts", .integer(second + 61))], .time),
            Case("no time", payload: [("ts", nil)], .time),
            Case("a time that is a string", payload: [("ts", .string("\(second)"))], .time),
            Case("no nonce", payload: [("nonce", nil)], .nonce),
            Case("an empty nonce", payload: [("nonce", "")], .nonce),
            Case("a nonce of 1,024 bytes", payload: [("nonce", .string(String(repeating: "n", count: 1024)))], nil),
            Case("a nonce of 1,025 bytes", payload: [("nonce", .string(String(repeating: "n", count: 1025)))], .nonce),
            Case("another algorithm", header: [("alg", "PS256")], .header),
            Case("a header that asks for more", header: [("crit", .array([]))], .header),
            Case("a header without key ID", header: [("kid", nil)], .key),
            Case("a header with another key ID", header: [("kid", "another")], .key),
            Case("no key", payload: [("cnf", nil)], .key),
            Case("a key that is not an object", payload: [("cnf", .object([("jwk", "x")]))], .key),
        ])
    func cases(_ sent: Case) throws {
        let key = try SignedHTTPRequests.client.get()
        let token = try SignedHTTPRequests.boundToken(to: key.thumbprint)
        let answer = try decide(
            SignedHTTPRequests.envelope(around: token, key: key, header: sent.header, payload: sent.payload))
        #expect(answer.problem == sent.problem)
        #expect(answer.reason == (sent.problem == nil ? nil : .proofOfPossessionInvalid))
    }

    @Test("a stolen bound token in an envelope with the thief's own key is refused, whatever the envelope says")
    func stolen() throws {
        let (owner, thief) = (try SignedHTTPRequests.client.get(), try SignedHTTPRequests.thief.get())
        let token = try SignedHTTPRequests.boundToken(to: owner.thumbprint)
        let ownersKey: [(String, JSON?)] = [("cnf", .object([("jwk", .object(owner.jwk))]))]
        let named: [(String, JSON?)] = [("kid", .string(owner.thumbprint))]
        // The envelope names the thief's key, or the owner's key in its header and the thief's in its payload.
        for header in [[], named] {
            let envelope = try SignedHTTPRequests.envelope(around: token, key: thief, header: header)
            #expect(try decide(envelope) == (.proofOfPossessionInvalid, .key))
        }
        // The owner's key in both places; the thief cannot sign with it.
        let envelope = try SignedHTTPRequests.envelope(around: token, key: thief, header: named, payload: ownersKey)
        #expect(try decide(envelope) == (.proofOfPossessionInvalid, .signature))
    }

    @Test("a token that is bound to nothing proves nothing in an envelope")
    func unbound() throws {
        let key = try SignedHTTPRequests.client.get()
        let envelope = try SignedHTTPRequests.envelope(around: try TestTokens.token(), key: key)
        #expect(try decide(envelope) == (.proofOfPossessionInvalid, .key))
    }

    @Test("the envelope's key is held to the limits of Entra's own keys")
    func weakKeys() throws {
        let weak = try [
            SignedHTTPRequests.ClientKey(.generateRSA(bits: 1024)),
            SignedHTTPRequests.ClientKey(.generateRSA(), changes: [("use", "enc")]),
            SignedHTTPRequests.ClientKey(.generateRSA(), changes: [("alg", "RS512")]),
            SignedHTTPRequests.ClientKey(.generateRSA(), changes: [("key_ops", .array(["sign"]))]),
            SignedHTTPRequests.ClientKey(.generateRSA(), changes: [("e", "Aw")]),
            SignedHTTPRequests.ClientKey(.generateRSA(), changes: [("kty", "EC")]),
        ]
        for key in weak {
            let token = try SignedHTTPRequests.boundToken(to: key.thumbprint)
            #expect(
                try decide(SignedHTTPRequests.envelope(around: token, key: key)) == (.proofOfPossessionInvalid, .key))
        }
    }

    @Test(
        "a bound token as a bearer token is refused under every setting",
        arguments: ProofOfPossessionRule.allCases)
    func bearer(_ rule: ProofOfPossessionRule) throws {
        let settings = TestTenant.settings {
            $0.trust.proofOfPossession = rule
            $0.trust.clusterHost = SignedHTTPRequests.host
        }
        let key = try SignedHTTPRequests.client.get()
        let token = try SignedHTTPRequests.boundToken(to: key.thumbprint)
        #expect(try TestDecision.decide(token, settings: settings).reason == .proofOfPossessionRequired)
        let plain = try TestDecision.decide(TestTokens.token(), settings: settings).reason
        #expect(plain == (rule == .require ? .proofOfPossessionRequired : nil))
        let envelope = try SignedHTTPRequests.envelope(around: token, key: key)
        let enveloped = try TestDecision.decide(envelope, settings: settings).reason
        #expect(enveloped == (rule == .off ? .proofOfPossessionNotAccepted : nil))
    }

    @Test("the token inside is judged first, as any other")
    func inner() throws {
        let key = try SignedHTTPRequests.client.get()
        let expired = try SignedHTTPRequests.boundToken(
            to: key.thumbprint, claims: [("exp", .integer(Self.second - 60))])
        #expect(
            try decide(SignedHTTPRequests.envelope(around: expired, key: key, payload: [("u", "other")])).reason
                == .tokenExpired)
        let forged = try TestTokens.token(
            claims: [("cnf", .object([("kid", .string(key.thumbprint))]))], key: TestTenant.otherKey.get())
        #expect(try decide(SignedHTTPRequests.envelope(around: forged, key: key)).reason == .signatureInvalid)
    }

    @Test("a token that is bound in whatever form is never a bearer token", arguments: [JSON.null, .object([]), "x"])
    func boundInAnyForm(_ cnf: JSON) throws {
        #expect(try TestDecision.decide(TestTokens.token(claims: [("cnf", cnf)])).reason == .proofOfPossessionRequired)
    }

    @Test("an accepted envelope is not remembered, so that each use is seen")
    func notRemembered() throws {
        let key = try SignedHTTPRequests.client.get()
        let token = try SignedHTTPRequests.boundToken(to: key.thumbprint)
        let envelope = TestDecision.hashed(try SignedHTTPRequests.envelope(around: token, key: key))
        let cache = DecisionCache(.init(entries: 10, maximumAge: .seconds(600)))
        let authenticator = Authenticator(Self.settings)
        let keys = try TestTenant.keys()
        for _ in 0..<2 {
            let known = cache.decide(envelope, by: authenticator, keys: keys, now: TestTokens.now)
            #expect(!known.isHit && known.decision.proofUse != nil)
        }
    }

    @Test("a use is remembered by key and nonce, for as long as the envelope can be accepted")
    func use() throws {
        let key = try SignedHTTPRequests.client.get()
        let token = try SignedHTTPRequests.boundToken(to: key.thumbprint)
        func use(_ payload: [(String, JSON?)] = [], key: SignedHTTPRequests.ClientKey, token: String) throws -> ProofUse
        {
            let envelope = try SignedHTTPRequests.envelope(around: token, key: key, payload: payload)
            return try #require(try TestDecision.decide(envelope, settings: Self.settings).proofUse)
        }
        let first = try use(key: key, token: token)
        #expect(first.expires == TestTokens.now.adding(seconds: 15 * 60 + 5 * 60))
        #expect(first.made == TestTokens.now)
        #expect(try use([("ts", .integer(Self.second - 1))], key: key, token: token).digest == first.digest)
        #expect(try use([("nonce", "n-2")], key: key, token: token).digest != first.digest)
        let other = try SignedHTTPRequests.thief.get()
        let another = try use(key: other, token: SignedHTTPRequests.boundToken(to: other.thumbprint))
        #expect(another.digest != first.digest && another.key != first.key)
        #expect(try use([("nonce", "n-2")], key: key, token: token).key == first.key)
    }
}
