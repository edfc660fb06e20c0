import Configuration
import Entra
import Jansson
import SafeText
import Testing
import Timestamps

@testable import CredentialPlugin

private let tenant = "11111111-2222-3333-4444-555555555555"
private let other = "99999999-2222-3333-4444-555555555555"
private let audience = "aaaaaaaa-0000-0000-0000-000000000000"
private let client = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
private let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

/// A token whose signature is never verified.
private func token(_ changes: [String: JSON?] = [:], header: String = #"{"alg":"RS256","kid":"k","typ":"JWT"}"#)
    -> [UInt8]
{
    var claims: [String: JSON] = [
        "iss": .string("https://sts.windows.net/\(tenant)/"), "ver": "1.0", "tid": .string(tenant),
        "aud": .string(audience), "appid": .string(client), "oid": "0b1ec700-0000-0000-0000-000000000001",
        "upn": "ada@example.com", "scp": "user.read", "iat": .integer(now.secondsSinceEpoch - 300),
        "nbf": .integer(now.secondsSinceEpoch - 300), "exp": .integer(now.secondsSinceEpoch + 3600),
    ]
    for (name, value) in changes { claims[name] = value }
    let payload = JSON.object(claims.map { ($0.key, $0.value) }).render()
    return Array("\(Base64URL.encode(Array(header.utf8))).\(Base64URL.encode(payload)).".utf8)
        + Array(Base64URL.encode([UInt8](repeating: 7, count: 256)).utf8)
}

private func hints(_ trust: TokenValidationRules? = nil) throws -> TokenHints {
    let id = try #require(GUID(tenant))
    return TokenHints(
        writtenAt: now, configurationSHA256: "00", clockSkew: 60,
        tenants: [trust ?? TokenValidationRules(tenantID: id, audiences: [audience])])
}

@Suite struct CredentialVerdictTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var changes: [String: JSON?]
        /// Nil: no message.
        var withHints: RefusalReason?
        var withoutHints: RefusalReason?
        /// What the hints say about the tenant, beside its audience.
        var trust: @Sendable (inout TokenValidationRules) -> Void = { _ in }
        var testDescription: String { name }
    }

    static let cases: [Case] = [
        .init(name: "a good token", changes: [:]),
        .init(name: "another audience", changes: ["aud": .string(client)], withHints: .audienceNotAccepted),
        .init(
            name: "another tenant of Entra",
            changes: ["iss": .string("https://sts.windows.net/\(other)/"), "tid": .string(other)],
            withHints: .issuerNotTrusted),
        .init(
            name: "another tenant, and malformed besides: the issuer is asked first",
            changes: ["iss": .string("https://sts.windows.net/\(other)/"), "exp": "soon"],
            withHints: .issuerNotTrusted, withoutHints: .claimsMalformed),
        .init(
            name: "a tid that is not the issuer's", changes: ["tid": .string(other)], withHints: .tenantMismatch,
            withoutHints: nil),
        .init(
            name: "expired", changes: ["exp": .integer(now.secondsSinceEpoch - 60)], withHints: .tokenExpired,
            withoutHints: .tokenExpired),
        .init(
            name: "an ID token", changes: ["appid": nil as JSON?], withHints: .tokenKindNotAccepted,
            withoutHints: .tokenKindNotAccepted),
        .init(
            name: "not Entra's at all", changes: ["iss": "https://accounts.google.com", "appid": nil as JSON?],
            withHints: .issuerNotTrusted, withoutHints: nil),
        .init(
            name: "more groups than fit", changes: ["hasgroups": .bool(true)]),
        .init(name: "a reserved name", changes: ["upn": "system:admin"]),
        .init(
            name: "from the future",
            changes: [
                "nbf": .integer(now.secondsSinceEpoch + 7200), "exp": .integer(now.secondsSinceEpoch + 9000),
            ], withHints: .tokenNotYetValid, withoutHints: .tokenNotYetValid),
        .init(
            name: "valid for three days", changes: ["exp": .integer(now.secondsSinceEpoch + 260_000)],
            withHints: .tokenLifetimeTooLong),
        .init(
            name: "asked for by another application", changes: [:], withHints: .clientAppNotAllowed,
            trust: { $0.allowedClientAppIDs = [GUID(audience)].compactMap(\.self) }),
        .init(
            name: "an application where only users may sign in", changes: ["idtyp": "app", "upn": nil as JSON?],
            withHints: .subjectKindNotAllowed, trust: { $0.subjects = [.user] }),
        .init(
            name: "bound to a key, and without the signed request around it",
            changes: ["cnf": .object([("kid", "x")])], withHints: .proofOfPossessionRequired,
            withoutHints: .proofOfPossessionRequired),
        .init(
            name: "a bearer token where proof of possession is required", changes: [:],
            withHints: .proofOfPossessionRequired,
            trust: {
                $0.proofOfPossession = .require
                $0.clusterHost = "cluster.example"
            }),
    ]

    @Test(arguments: cases) func `says what hints and the token alone can know`(_ entry: Case) throws {
        let bytes = token(entry.changes)
        var trust = TokenValidationRules(tenantID: try #require(GUID(tenant)), audiences: [audience])
        entry.trust(&trust)
        for (hints, expected) in [(try hints(trust), entry.withHints), (nil, entry.withoutHints)] {
            let verdict = CredentialVerdict(token: bytes, hints: hints, now: now)
            guard let expected else {
                #expect(verdict == nil)
                continue
            }
            guard case .refused(let reason, _, _) = verdict else {
                Issue.record("nothing was said")
                continue
            }
            #expect(reason == expected)
        }
    }

    @Test(arguments: [(301, false), (300, true), (1, true), (0, true), (-59, true)])
    func `warns within five minutes of the end, and up to the skew after it`(left: Int64, warns: Bool) throws {
        let bytes = token(["exp": .integer(now.secondsSinceEpoch + left)])
        let verdict = CredentialVerdict(token: bytes, hints: try hints(), now: now)
        #expect((verdict != nil) == warns)
        #expect(verdict?.isRefusal != true)
    }

    @Test func `a line is one line of at most 600 bytes, whatever the hints hold`() throws {
        let id = try #require(GUID(tenant))
        let long = String(repeating: "é\u{202E}\n", count: 400)
        let verdict = CredentialVerdict(
            token: token(), hints: try hints(TokenValidationRules(tenantID: id, audiences: [long])), now: now)
        let line = try #require(verdict?.line)
        #expect(line.utf8.count <= 600 && !line.contains("\n") && !line.contains("\u{202E}"))
        #expect(line.hasPrefix("kube-entra: audience_not_accepted: ") && line.hasSuffix(")"))
    }

    @Test func `hints read back what they were written from`() throws {
        let id = try #require(GUID(tenant))
        let clientID = try #require(GUID(client))
        let trust = TokenValidationRules(
            tenantID: id, cloud: .china, authority: "https://login.example", audiences: [audience, "api://x"],
            allowedClientAppIDs: [clientID], subjects: [.user, .agent], maximumTokenLifetime: 5400,
            groupOverage: .resolve, proofOfPossession: .require, clusterHost: "cluster.example")
        let written = try hints(trust)
        #expect(try TokenHints(decoding: written.json.render()) == written)
        // Required claims are not public, so they do not change the hints.
        var secretive = trust
        secretive.requiredClaims = [RequiredClaim(claim: "acrs", values: [.string("c1")])]
        #expect(try hints(secretive) == written)
    }

    struct Later: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var member: String
        var value: JSON
        var unknown: RefusalReason
    }

    @Test(arguments: [
        Later(
            testDescription: "audiences as an object", member: "audiences", value: .object([]),
            unknown: .audienceNotAccepted),
        Later(
            testDescription: "a client that is no ID", member: "allowedClientAppIDs", value: .array(["kubectl"]),
            unknown: .clientAppNotAllowed),
        Later(
            testDescription: "a kind of subject that is not known", member: "subjects", value: .array(["robot"]),
            unknown: .subjectKindNotAllowed),
        Later(
            testDescription: "a lifetime in words", member: "maximumTokenLifetime", value: "a day",
            unknown: .tokenLifetimeTooLong),
        Later(
            testDescription: "another rule of possession", member: "proofOfPossession", value: "sometimes",
            unknown: .proofOfPossessionRequired),
        Later(testDescription: "a cloud that is not known", member: "cloud", value: "moon", unknown: .issuerNotTrusted),
    ])
    func `what a later version writes is left out of the verdict`(_ later: Later) throws {
        var members: [(String, JSON)] = [("tenantID", .string(tenant)), ("cloud", "public"), ("audiences", .array([]))]
        members.removeAll { $0.0 == later.member }
        members.append((later.member, later.value))
        let second: JSON = .object([("tenantID", .string(other))])
        let document = JSON.object([
            ("apiVersion", "kube-entra.dev/v9"), ("kind", "TokenHints"),
            ("tenants", .array([.object(members), second])),
        ])
        #expect(try TokenHints(decoding: document.render()).unknown.contains(later.unknown))
    }
}
