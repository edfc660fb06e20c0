import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Inspection
import Jansson
import OpenSSL
import SafeText
import TestSupport
import Testing
import Timestamps

@Suite struct InspectionReportTests {
    static let now = TestTokens.now
    static let tenantID = TestTenant.id
    static let audience = TestTenant.audience
    static let group = TestTenant.adminGroup

    static func settings() -> AuthenticationSettings { TestTenant.aloneSettings() }
    static func keys() throws -> KeySnapshot { try TestTenant.ownKeys() }

    static let claims: [(String, JSON)] = [
        ("aud", .string(audience)), ("iss", .string("https://sts.windows.net/\(tenantID)/")),
        ("iat", .integer(now.secondsSinceEpoch - 720)), ("nbf", .integer(now.secondsSinceEpoch - 720)),
        ("exp", .integer(now.secondsSinceEpoch + 3600)), ("appid", "04b07795-8ddb-461a-bbee-02f9e1bf7b46"),
        ("oid", "0b1ec700-0000-0000-0000-000000000001"), ("scp", "x"), ("tid", .string(tenantID)),
        ("upn", "ada@example.com"), ("name", "Ada"), ("ver", "1.0"), ("uti", "u"), ("groups", JSON([group])),
    ]

    static func token(_ changes: [(String, JSON)] = []) throws -> TokenInput {
        var claims = Self.claims
        for (name, value) in changes {
            claims.removeAll { $0.0 == name }
            claims.append((name, value))
        }
        return TokenInput(
            Array(try TestTokens.sign(header: .object(TestTokens.header), payload: .object(claims)).utf8))
    }

    static func report(
        _ changes: [(String, JSON)] = [], configured: Bool = true, keyed: Bool = true
    ) throws -> InspectionReport {
        InspectionReport(
            try token(changes), settings: configured ? settings() : nil, keys: keyed ? try keys() : nil, now: now)
    }

    @Test("a good token is accepted, with its user")
    func accepted() throws {
        let report = try Self.report()
        #expect(report.verdict == .accepted)
        #expect(report.user?.username == "ada@example.com")
        #expect(report.isAdmin)
        #expect(report.text().hasPrefix("ACCEPTED: accepted as ada@example.com, an admin"))
        #expect(report.text().contains("(12 minutes ago)"))
        #expect(report.text().contains("Azure CLI"))
    }

    @Test("claims that nobody can read are the reason by themselves, where no configuration names tenants")
    func unreadableClaims() throws {
        let token = try TestTokens.sign(header: .object(TestTokens.header), payload: .array([]))
        for keys in [nil, try Self.keys()] {
            let report = InspectionReport(TokenInput(Array(token.utf8)), settings: nil, keys: keys, now: Self.now)
            #expect(report.reason == .claimsMalformed)
            #expect(report.message.hasPrefix("the claims are not a JSON object"))
            #expect(report.hint == report.checks.first { $0.check == .claims }?.hint && report.hint != nil)
        }
        let configured = InspectionReport(
            TokenInput(Array(token.utf8)), settings: Self.settings(), keys: nil, now: Self.now)
        #expect(configured.reason == .issuerNotTrusted)
    }

    @Test("all failures are listed, and the reason is the first")
    func everything() throws {
        let report = try Self.report([
            ("aud", "00000003-0000-0000-c000-000000000000"), ("exp", .integer(Self.now.secondsSinceEpoch - 400)),
            ("oid", "x"),
        ])
        #expect(report.verdict == .rejected)
        #expect(report.reason == .audienceNotAccepted)
        #expect(report.hint?.contains(Self.audience) == true)
        let failed = report.checks.filter { if case .failed = $0.outcome { true } else { false } }
        #expect(failed.map(\.check) == [.audience, .expiry, .subject])
        #expect(failed[0].detail.contains("Microsoft Graph"))
        #expect(failed[1].detail.hasPrefix("expired 6 minutes ago"))
    }

    @Test("another tenant's token is judged on the rest as well")
    func otherTenant() throws {
        let other = "99999999-2222-3333-4444-555555555555"
        let report = try Self.report([
            ("iss", .string("https://sts.windows.net/\(other)/")), ("tid", .string(other)),
            ("exp", .integer(Self.now.secondsSinceEpoch - 400)),
        ])
        #expect(report.reason == .issuerNotTrusted)
        #expect(
            report.checks.first { $0.check == .issuer }?.detail
                .hasPrefix("issued by tenant \(other), this cluster trusts tenant \(Self.tenantID)")
                == true)
        #expect(report.checks.contains { $0.check == .expiry && $0.outcome == .failed(.tokenExpired) })
    }

    @Test("without keys nothing is verified and everything else is checked")
    func unverified() throws {
        let report = try Self.report(keyed: false)
        #expect(report.verdict == .unverified)
        #expect(report.reason == nil)
        #expect(!report.areClaimsTrusted)
        #expect(report.checks.filter { $0.outcome == .skipped }.map(\.check) == [.key, .signature, .keyIssuer])
        #expect(try Self.report([("oid", "x")], keyed: false).reason == .subjectMissing)
    }

    @Test(
        "a token whose signature is missing fails with keys and without, and no keys are asked for",
        arguments: [true, false], [true, false])
    func missingSignature(isConfigured: Bool, isKeyed: Bool) throws {
        func report(_ changes: [(String, JSON)]) throws -> InspectionReport {
            let signed = try Self.token(changes).token
            let end = try #require(signed.lastIndex(of: UInt8(ascii: ".")))
            return InspectionReport(
                TokenInput(Array(signed[...end])), settings: isConfigured ? Self.settings() : nil,
                keys: isKeyed ? try Self.keys() : nil, now: Self.now)
        }
        let whole = try report([])
        #expect(whole.checks.first { $0.check == .signature }?.outcome == .failed(.signatureInvalid))
        #expect(whole.reason == .signatureInvalid && whole.verdict == (isKeyed ? .rejected : .unverified))
        #expect(whole.message.hasPrefix("the signature is missing: the token was cut, or printed by a tool that hides"))
        #expect(whole.hint?.contains("keys fetch") == false)
        // A wrong signature comes before wrong claims. Without keys, a foreign issuer comes before the signature.
        #expect(try report([("exp", .integer(0))]).reason == .signatureInvalid)
        let foreign = try report([("iss", "https://issuer.example")])
        #expect(foreign.reason == (isKeyed ? .signatureInvalid : .issuerNotTrusted))
        #expect(foreign.checks.contains { $0.check == .signature && $0.reason == .signatureInvalid })
    }

    @Test(
        "a token for the ID inside a configured URI says to add the ID; any other one to change the kubeconfig",
        arguments: [
            ("api://aaaaaaaa-0000-0000-0000-000000000000", true), ("api://bbbbbbbb-0000-0000-0000-000000000000", false),
        ])
    func audienceInsideURI(configured: String, isInside: Bool) throws {
        let id = "aaaaaaaa-0000-0000-0000-000000000000"
        var settings = Self.settings()
        settings.tenants[0].trust.audiences = [ExactText(configured)]
        let report = InspectionReport(
            try Self.token([("aud", .string(id))]), settings: settings, keys: try Self.keys(), now: Self.now)
        #expect(report.reason == .audienceNotAccepted)
        #expect(report.hint?.hasPrefix("add \(id) to the tenant's audiences") == isInside)
        #expect(report.hint?.contains("--server-id") == !isInside)
    }

    @Test("without a configuration what depends on it is skipped")
    func unconfigured() throws {
        let report = try Self.report(configured: false)
        #expect(report.verdict == .accepted)
        #expect(report.user == nil)
        #expect(report.checks.first { $0.check == .audience }?.outcome == .skipped)
    }

    @Test("no output is wider than 80 columns, and nothing of the token or its signature is in it")
    func width() throws {
        for changes in [[], [("aud", JSON.string(String(repeating: "long ", count: 60)))], [("iss", "x\u{1B}[31m")]] {
            let input = try Self.token(changes)
            let report = InspectionReport(input, settings: Self.settings(), keys: try Self.keys(), now: Self.now)
            let text = report.text()
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
            #expect(!text.contains("\u{1B}"))
            let token = String(decoding: input.token, as: UTF8.self)
            let signature = token.split(separator: ".")[2]
            for output in [text, report.json.text()] {
                #expect(!output.contains(signature.prefix(40)))
                #expect(!output.contains(token.prefix(60)))
            }
        }
    }

    @Test("redaction leaves no name and no ID, and the same value gets the same placeholder")
    func redaction() throws {
        let report = try Self.report()
        var redactor = Redactor(report)
        for output in [report.text { redactor.redact($0) }, redactor.redacted(report).text()] {
            for secret in ["ada", "Ada", Self.tenantID, Self.group, Self.audience, "0b1ec700"] {
                #expect(!output.contains(secret), "\(secret) is still there")
            }
            #expect(output.contains("<name-1>"))
        }
    }

    @Test("every reason has its long explanation", arguments: RefusalReason.allCases)
    func explanations(reason: RefusalReason) {
        let explanation = ReasonExplanation(reason)
        #expect(explanation.text().contains("What to do:"))
        #expect(explanation.text().split(separator: "\n").allSatisfy { $0.count <= 80 })
    }
}
