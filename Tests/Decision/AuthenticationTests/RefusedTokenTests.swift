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

@Suite struct RefusedTokenTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let name: String
        var header: [(String, JSON?)] = []
        var claims: [(String, JSON?)] = []
        let reason: RefusalReason
        var testDescription: String { "\(name) → \(reason.code)" }
    }

    static let second = TestTokens.now.secondsSinceEpoch

    static let headerCases = [
        Case(name: "alg none", header: [("alg", "none")], reason: .algorithmNotAllowed),
        Case(name: "alg NONE", header: [("alg", "NONE")], reason: .algorithmNotAllowed),
        Case(name: "alg missing", header: [("alg", nil)], reason: .algorithmNotAllowed),
        Case(name: "alg null", header: [("alg", .null)], reason: .algorithmNotAllowed),
        Case(name: "alg array", header: [("alg", .array(["RS256"]))], reason: .algorithmNotAllowed),
        Case(name: "alg HS256", header: [("alg", "HS256")], reason: .algorithmNotAllowed),
        Case(name: "alg rs256", header: [("alg", "rs256")], reason: .algorithmNotAllowed),
        Case(name: "alg PS256", header: [("alg", "PS256")], reason: .algorithmNotAllowed),
        Case(name: "jku", header: [("jku", "https://evil")], reason: .headerNotAllowed),
        Case(name: "x5u", header: [("x5u", "https://evil")], reason: .headerNotAllowed),
        Case(name: "jwk", header: [("jwk", .object([]))], reason: .headerNotAllowed),
        Case(name: "x5c", header: [("x5c", .array([]))], reason: .headerNotAllowed),
        Case(name: "crit", header: [("crit", .array([]))], reason: .headerNotAllowed),
        Case(name: "crit null", header: [("crit", .null)], reason: .headerNotAllowed),
        Case(name: "b64", header: [("b64", .bool(false))], reason: .headerNotAllowed),
        Case(name: "zip", header: [("zip", "DEF")], reason: .headerNotAllowed),
        Case(name: "cty JWT", header: [("cty", "JWT")], reason: .headerNotAllowed),
        Case(name: "a nonce, so a token for Graph", header: [("nonce", "x")], reason: .headerNotAllowed),
        Case(name: "typ pop without an envelope", header: [("typ", "pop")], reason: .headerNotAllowed),
        Case(name: "typ is a number", header: [("typ", .integer(1))], reason: .headerNotAllowed),
        Case(name: "kid missing", header: [("kid", nil)], reason: .keyIDMissing),
        Case(name: "kid empty", header: [("kid", "")], reason: .keyIDMissing),
        Case(name: "kid a number", header: [("kid", .integer(1))], reason: .keyIDMissing),
        Case(name: "kid unknown", header: [("kid", "k9")], reason: .keyNotFound),
        Case(name: "kid in other case", header: [("kid", "K1")], reason: .keyNotFound),
        Case(name: "kid with the kelvin sign", header: [("kid", "\u{212A}1")], reason: .keyNotFound),
        Case(name: "kid with a path", header: [("kid", "../k1")], reason: .keyNotFound),
        Case(
            name: "alg none and a foreign issuer", header: [("alg", "none")],
            claims: [("iss", "https://kubernetes.default.svc")], reason: .issuerNotTrusted),
        Case(
            name: "kid unknown and a foreign issuer", header: [("kid", "k9")],
            claims: [("iss", "https://kubernetes.default.svc")], reason: .issuerNotTrusted),
        Case(
            name: "kid missing and a foreign issuer", header: [("kid", nil)],
            claims: [("iss", "https://kubernetes.default.svc")], reason: .issuerNotTrusted),
        Case(
            name: "crit and a foreign issuer", header: [("crit", .array([]))],
            claims: [("iss", "https://kubernetes.default.svc")], reason: .issuerNotTrusted),
        Case(name: "the other tenant's key ID", header: [("kid", "k2")], reason: .signatureInvalid),
    ]

    static let claimCases = [
        Case(name: "aud missing", claims: [("aud", nil)], reason: .audienceNotAccepted),
        Case(name: "aud empty", claims: [("aud", "")], reason: .audienceNotAccepted),
        Case(name: "aud array", claims: [("aud", .array([.string(TestTenant.audience)]))], reason: .claimsMalformed),
        Case(
            name: "aud of Graph", claims: [("aud", "00000003-0000-0000-c000-000000000000")],
            reason: .audienceNotAccepted),
        Case(
            name: "aud prefix of ours", claims: [("aud", .string(String(TestTenant.audience.dropLast())))],
            reason: .audienceNotAccepted),
        Case(
            name: "aud longer than ours", claims: [("aud", .string(TestTenant.audience + "0"))],
            reason: .audienceNotAccepted
        ),
        Case(
            name: "aud spn: of another", claims: [("aud", "spn:00000003-0000-0000-c000-000000000000")],
            reason: .audienceNotAccepted),
        Case(
            name: "aud spn:spn:", claims: [("aud", .string("spn:spn:" + TestTenant.audience))],
            reason: .audienceNotAccepted),
        Case(
            name: "aud that begins like spn:", claims: [("aud", .string("spnX" + TestTenant.audience))],
            reason: .audienceNotAccepted),
        Case(name: "appid empty", claims: [("appid", "")], reason: .tokenKindNotAccepted),
        Case(name: "upn that turns the writing", claims: [("upn", "a\u{202E}b@c")], reason: .claimsMalformed),
        Case(name: "upn with a line separator", claims: [("upn", "a\u{2028}b@c")], reason: .claimsMalformed),
        Case(name: "upn of a blank", claims: [("upn", " ")], reason: .claimsMalformed),
        Case(name: "upn that begins with a blank", claims: [("upn", " ada@b")], reason: .claimsMalformed),
        Case(name: "upn that ends with a blank", claims: [("upn", "ada@b ")], reason: .claimsMalformed),
        Case(name: "upn that begins with U+00A0", claims: [("upn", "\u{A0}ada@b")], reason: .claimsMalformed),
        Case(name: "upn that ends with U+00A0", claims: [("upn", "ada@b\u{A0}")], reason: .claimsMalformed),
        Case(name: "upn of U+200B", claims: [("upn", "\u{200B}")], reason: .claimsMalformed),
        Case(name: "upn that ends with U+200B", claims: [("upn", "ada@b\u{200B}")], reason: .claimsMalformed),
        Case(name: "upn that ends with U+2060", claims: [("upn", "ada@b\u{2060}")], reason: .claimsMalformed),
        Case(name: "upn that ends with U+3000", claims: [("upn", "ada@b\u{3000}")], reason: .claimsMalformed),
        Case(name: "upn that ends with U+3164", claims: [("upn", "ada@b\u{3164}")], reason: .claimsMalformed),
        Case(name: "upn that ends with U+2800", claims: [("upn", "ada@b\u{2800}")], reason: .claimsMalformed),
        Case(name: "upn that ends with U+00AD", claims: [("upn", "ada@b\u{AD}")], reason: .claimsMalformed),
        Case(
            name: "upn of 1,025 bytes", claims: [("upn", .string(String(repeating: "a", count: 1025)))],
            reason: .claimsMalformed),
        Case(name: "exp missing", claims: [("exp", nil)], reason: .claimsMalformed),
        Case(name: "exp text", claims: [("exp", "1800003600")], reason: .claimsMalformed),
        Case(name: "exp fraction", claims: [("exp", .real(1_800_003_600.5))], reason: .claimsMalformed),
        Case(name: "exp null", claims: [("exp", .null)], reason: .claimsMalformed),
        Case(name: "exp 1e308", claims: [("exp", .real(1e308))], reason: .claimsMalformed),
        Case(name: "exp at the end of the range", claims: [("exp", .integer(.max))], reason: .tokenLifetimeTooLong),
        Case(name: "expired by the skew", claims: [("exp", .integer(second - 60))], reason: .tokenExpired),
        Case(name: "nbf beyond the skew", claims: [("nbf", .integer(second + 61))], reason: .tokenNotYetValid),
        Case(name: "exp before nbf", claims: [("exp", .integer(second - 300))], reason: .claimsMalformed),
        Case(name: "neither iat nor nbf", claims: [("iat", nil), ("nbf", nil)], reason: .claimsMalformed),
        Case(
            name: "29 hours and a second, counted from an iat before nbf",
            claims: [("iat", .integer(second - 300)), ("nbf", .integer(second)), ("exp", .integer(second + 104_101))],
            reason: .tokenLifetimeTooLong),
        Case(name: "30 hours", claims: [("exp", .integer(second + 30 * 3600))], reason: .tokenLifetimeTooLong),
        Case(name: "ver missing", claims: [("ver", nil)], reason: .claimsMalformed),
        Case(name: "ver 3.0", claims: [("ver", "3.0")], reason: .claimsMalformed),
        Case(name: "v1 issuer with ver 2.0", claims: [("ver", "2.0")], reason: .issuerNotTrusted),
        Case(
            name: "v2 issuer with ver 1.0",
            claims: [("iss", .string("https://login.microsoftonline.com/\(TestTenant.id)/v2.0"))],
            reason: .issuerNotTrusted),
        Case(name: "iss missing", claims: [("iss", nil)], reason: .issuerNotTrusted),
        Case(name: "iss a number", claims: [("iss", .integer(1))], reason: .claimsMalformed),
        Case(
            name: "iss without its slash", claims: [("iss", .string("https://sts.windows.net/\(TestTenant.id)"))],
            reason: .issuerNotTrusted),
        Case(
            name: "iss in other case", claims: [("iss", .string("https://STS.windows.net/\(TestTenant.id)/"))],
            reason: .issuerNotTrusted),
        Case(
            name: "iss over http", claims: [("iss", .string("http://sts.windows.net/\(TestTenant.id)/"))],
            reason: .issuerNotTrusted),
        Case(
            name: "iss with {tenantid}", claims: [("iss", "https://sts.windows.net/{tenantid}/")],
            reason: .issuerNotTrusted),
        Case(name: "tid of another", claims: [("tid", .string(TestTenant.otherID))], reason: .tenantMismatch),
        Case(name: "tid no GUID", claims: [("tid", "common")], reason: .tenantMismatch),
        Case(name: "tid missing", claims: [("tid", nil)], reason: .tenantMismatch),
        Case(
            name: "the other tenant's token with our key",
            claims: [
                ("iss", .string("https://sts.windows.net/\(TestTenant.otherID)/")),
                ("tid", .string(TestTenant.otherID)),
            ], reason: .keyIssuerMismatch),
        Case(name: "an ID token", claims: [("appid", nil)], reason: .tokenKindNotAccepted),
        Case(name: "oid missing", claims: [("oid", nil)], reason: .subjectMissing),
        Case(name: "oid no GUID", claims: [("oid", "me")], reason: .subjectMissing),
        Case(name: "oid a number", claims: [("oid", .integer(1))], reason: .claimsMalformed),
        Case(name: "a device", claims: [("idtyp", "device")], reason: .subjectKindNotAllowed),
        Case(name: "an unknown idtyp", claims: [("idtyp", "toaster")], reason: .subjectKindNotAllowed),
        Case(name: "an agent", claims: [("idtyp", "user"), ("xms_sub_fct", "3 13")], reason: .subjectKindNotAllowed),
        Case(name: "groups text", claims: [("groups", .string(TestTenant.adminGroup))], reason: .groupsMalformed),
        Case(name: "groups number", claims: [("groups", .integer(1))], reason: .groupsMalformed),
        Case(name: "groups null", claims: [("groups", .null)], reason: .groupsMalformed),
        Case(
            name: "groups mixed", claims: [("groups", .array([.string(TestTenant.adminGroup), .integer(1)]))],
            reason: .groupsMalformed),
        Case(
            name: "overage without sources",
            claims: [("groups", nil), ("_claim_names", .object([("groups", "src1")]))], reason: .groupOverage),
        Case(name: "groups and overage", claims: [("hasgroups", .bool(true))], reason: .groupOverage),
        Case(name: "roles text", claims: [("roles", "Cluster.Viewer")], reason: .claimsMalformed),
        Case(name: "a reserved user name", claims: [("upn", "system:admin")], reason: .usernameReserved),
        Case(name: "a upn with a line break", claims: [("upn", "ada\n@example.com")], reason: .claimsMalformed),
        Case(name: "bound to a key", claims: [("cnf", .object([("kid", "x")]))], reason: .proofOfPossessionRequired),
        Case(
            name: "expired and made for another application", claims: [("aud", "x"), ("exp", .integer(second - 200))],
            reason: .audienceNotAccepted),
    ]

    @Test("a token with one thing wrong gets that thing's reason", arguments: headerCases + claimCases)
    func refuses(sent: Case) throws {
        let decision = try TestDecision.decide(TestTokens.token(header: sent.header, claims: sent.claims))
        #expect(decision.reason == sent.reason)
        #expect(decision.access == nil)
    }

    /// Reasons that need more than a token with one thing wrong: other tests of these modules have them.
    static let elsewhere: [RefusalReason] = [
        .tokenMissing, .tokenTooLarge, .tokenMalformed, .tokenEncrypted, .keysUnavailable, .clientAppNotAllowed,
        .principalDenied, .requiredClaimMissing, .requiredClaimMismatch, .accountDisabled, .sessionsRevoked,
        .groupResolutionFailed, .proofOfPossessionNotAccepted, .proofOfPossessionInvalid, .proofOfPossessionReplayed,
    ]

    @Test("every other reason of token reviews has a token here that gets it")
    func everyReason() {
        let here = Set((Self.headerCases + Self.claimCases).map(\.reason))
        #expect(RefusalReason.ofTokenReviews.filter { !here.contains($0) } == Self.elsewhere)
    }

    @Test(
        "the limits of time are exact",
        arguments: [("exp", Int64(-59), true), ("exp", -60, false), ("nbf", 60, true), ("nbf", 61, false)])
    func skew(claim: String, offset: Int64, accepted: Bool) throws {
        let token = try TestTokens.token(claims: [(claim, .integer(Self.second + offset))])
        #expect((try TestDecision.decide(token).access != nil) == accepted)
    }

    @Test("rules of the configuration refuse with their own reasons")
    func rules() throws {
        let token = try TestTokens.token()
        let client = TestTenant.settings { $0.trust.allowedClientAppIDs = [TestTenant.guid(TestTenant.id)] }
        #expect(try TestDecision.decide(token, settings: client).reason == .clientAppNotAllowed)
        let apps = TestTenant.settings { $0.trust.subjects = [.app] }
        #expect(try TestDecision.decide(token, settings: apps).reason == .subjectKindNotAllowed)
        let missing = TestTenant.settings { $0.trust.requiredClaims = [RequiredClaim(claim: "acrs", values: ["c1"])] }
        #expect(try TestDecision.decide(token, settings: missing).reason == .requiredClaimMissing)
        let other = try TestTokens.token(claims: [("acrs", .array(["c2"]))])
        #expect(try TestDecision.decide(other, settings: missing).reason == .requiredClaimMismatch)
        // Swift's `==` treats the kelvin sign as K; nothing else does.
        let key = TestTenant.settings { $0.trust.requiredClaims = [RequiredClaim(claim: "department", values: ["K1"])] }
        for (value, reason) in [("K1", RefusalReason?.none), ("\u{212A}1", .requiredClaimMismatch)] {
            let token = try TestTokens.token(claims: [("department", .string(value))])
            #expect(try TestDecision.decide(token, settings: key).reason == reason)
        }
        let right = try TestTokens.token(claims: [("acrs", .array(["c2", "c1"]))])
        #expect(try TestDecision.decide(right, settings: missing).reason == nil)
        let bound = TestTenant.settings {
            $0.trust.proofOfPossession = .require
            $0.trust.clusterHost = "cluster.example"
        }
        #expect(try TestDecision.decide(token, settings: bound).reason == .proofOfPossessionRequired)
    }

    @Test("what must be equal is the same bytes: Unicode's equivalent characters are others")
    func exactness() throws {
        let kelvin = "\u{212A}"
        let settings = TestTenant.settings {
            $0.trust.audiences.append("https://Kube.example")
            $0.trust.authority = "https://entra.example/K"
        }
        let issuer = "https://entra.example/K/\(TestTenant.id)/"
        let right = try TestTokens.token(claims: [("aud", "https://Kube.example"), ("iss", .string(issuer))])
        #expect(try TestDecision.decide(right, settings: settings).reason == nil)
        let audience = "https://\(kelvin)ube.example"
        let lookalike = try TestTokens.token(claims: [("aud", .string(audience)), ("iss", .string(issuer))])
        #expect(try TestDecision.decide(lookalike, settings: settings).reason == .audienceNotAccepted)
        let foreign = "https://entra.example/\(kelvin)/\(TestTenant.id)/"
        let other = try TestTokens.token(claims: [("iss", .string(foreign))])
        #expect(try TestDecision.decide(other, settings: settings).reason == .issuerNotTrusted)
        let type = try TestTokens.token(header: [("typ", "application/\u{301}jwt")])
        #expect(try TestDecision.decide(type).reason == .headerNotAllowed)
    }

    @Test("bytes that are no token of ours are refused by their structure")
    func structure() throws {
        let token = try TestTokens.token()
        #expect(try TestDecision.decide("").reason == .tokenMissing)
        #expect(try TestDecision.decide(String(repeating: "a", count: 65_537)).reason == .tokenTooLarge)
        var settings = TestTenant.settings()
        settings.tokenBytes = token.utf8.count
        #expect(try TestDecision.decide(token, settings: settings).reason == nil)
        settings.tokenBytes -= 1
        #expect(try TestDecision.decide(token, settings: settings).reason == .tokenTooLarge)
        #expect(try TestDecision.decide("opaque").reason == .tokenMalformed)
        #expect(try TestDecision.decide("e30.e30.e30.e30.e30").reason == .tokenMalformed)
        #expect(try TestDecision.decide(token + token).reason == .tokenMalformed)
        #expect(
            try TestDecision.decide("eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0.e30.e30.e30.e30").reason == .tokenEncrypted
        )
        #expect(try TestDecision.decide(token + "=").reason == .tokenMalformed)
        #expect(try TestDecision.decide("\u{FEFF}" + token).reason == .tokenMalformed)
        let twice = Array("{\"alg\":\"RS256\",\"\\u0061lg\":\"none\",\"kid\":\"k1\"}".utf8)
        #expect(
            try TestDecision.decide(TestTokens.sign(header: twice, payload: Array("{}".utf8))).reason == .tokenMalformed
        )
        let header = JSON.object(TestTokens.header).render()
        for payload in ["[]", "1", "{\"a\":1,\"a\":2}", "{} ", "{", "\u{FEFF}{}", "{\"exp\":9223372036854775808}"] {
            let expected: RefusalReason = .claimsMalformed
            #expect(
                try TestDecision.decide(TestTokens.sign(header: header, payload: Array(payload.utf8))).reason
                    == expected)
        }
    }

    @Test("a signature that was touched is wrong")
    func signature() throws {
        let token = try TestTokens.token()
        let dot = try #require(token.lastIndex(of: "."))
        let unsigned = String(token[...dot])
        #expect(try TestDecision.decide(unsigned).reason == .signatureInvalid)
        #expect(try TestDecision.decide(String(token.dropLast(2))).reason == .signatureInvalid)
        #expect(try TestDecision.decide(token + "AAAA").reason == .signatureInvalid)
        #expect(
            try TestDecision.decide(unsigned + "AAAA" + token[token.index(after: dot)...]).reason == .signatureInvalid)
        #expect(
            try TestDecision.decide(unsigned + String(repeating: "_", count: 340) + "_w").reason == .signatureInvalid)
        #expect(try TestDecision.decide(TestTokens.token(key: TestTenant.otherKey.get())).reason == .signatureInvalid)
    }

    @Test("keys that are missing or too old are unavailable, and ask for a refresh")
    func keys() throws {
        let token = try TestTokens.token()
        let none = try TestDecision.decide(token, keys: KeySnapshot([:]))
        #expect(none.reason == .keysUnavailable)
        #expect(none.keyRefreshTenant == TestTenant.guid(TestTenant.id))
        let old = try TestDecision.decide(token, keys: TestTenant.keys(usableUntil: TestTokens.now))
        #expect(old.reason == .keysUnavailable)
        // Keys that are too old are not used, and a set without keys counts as none.
        let forged = try TestTokens.token(key: TestTenant.otherKey.get())
        #expect(
            try TestDecision.decide(forged, keys: TestTenant.keys(usableUntil: TestTokens.now)).reason
                == .keysUnavailable)
        let empty = TenantKeySet(keys: [], usableUntil: Timestamp(secondsSinceEpoch: .max))
        let hollow = KeySnapshot([TestTenant.guid(TestTenant.id): empty])
        #expect(try TestDecision.decide(token, keys: hollow).reason == .keysUnavailable)
        let unknown = try TestDecision.decide(TestTokens.token(header: [("kid", "k9")]))
        #expect(unknown.keyRefreshTenant == TestTenant.guid(TestTenant.id))
        let foreign = try TestDecision.decide(TestTokens.token(header: [("kid", "k9")], claims: [("iss", "https://x")]))
        #expect(foreign.keyRefreshTenant == nil)
    }
}
