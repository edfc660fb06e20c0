import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Inspection
import JOSE
import Jansson
import OpenSSL
import SafeText
import TestSupport
import Testing
import Timestamps

/// Compares the decisions of `serve` with the reports of `inspect`, over thousands of tokens that are wrong in every
/// way.
@Suite struct AgreementTests {
    static let now = InspectionReportTests.now
    static let tenantID = InspectionReportTests.tenantID
    static let otherID = TestTenant.otherID
    static let group = InspectionReportTests.group
    static let foreignKey = TestTenant.otherKey

    static let values: [JSON?] = [
        nil, .null, "", "x", .integer(0), .integer(-1), .integer(now.secondsSinceEpoch), .integer(.max), .bool(true),
        .array([]), .object([]), .string(otherID), .string(tenantID), "1.0", "2.0", .real(1.5), .array([.integer(1)]),
        .array(["system:masters"]), "system:masters", .object([("groups", "src1"), ("kid", "x")]), "app", "device",
        .string("https://sts.windows.net/\(otherID)/"), .string("https://login.microsoftonline.com/\(tenantID)/v2.0"),
        "https://kubernetes.default.svc", "a#EXT#@b", "a_EXT_@b", "1", "3 13",
        .string(String(repeating: "x", count: 2000)),
    ]
    static let names = [
        "aud", "iss", "iat", "nbf", "exp", "appid", "azp", "oid", "scp", "tid", "upn", "uti", "ver", "groups", "roles",
        "idtyp", "idp", "acct", "_claim_names", "hasgroups", "cnf", "xms_mirid", "xms_idrel", "xms_sub_fct", "extra",
    ]
    static let headers = ["alg", "kid", "typ", "crit", "nonce", "jku", "x5c", "zip", "cty", "b64", "enc", "other"]
    static let headerValues: [JSON?] = [
        nil, .null, "", "none", "HS256", "RS256", "k1", "k2", "k3", "JWT", "at+jwt", "pop", .integer(1), .array([]),
    ]

    static func settings(_ generator: inout SplitMix) throws -> AuthenticationSettings {
        var settings = InspectionReportTests.settings()
        var trust = settings.tenants[0].trust
        trust.groupOverage = generator.pick([.deny, .deny, .ignore, .resolve]) ?? .deny
        trust.proofOfPossession = generator.pick([.off, .off, .accept, .require]) ?? .off
        if trust.proofOfPossession != .off { trust.clusterHost = "cluster.example" }
        if generator.chance(6) { trust.requiredClaims = [RequiredClaim(claim: "extra", values: ["x", "1"])] }
        if generator.chance(6) { trust.allowedClientAppIDs = [try #require(GUID(otherID))] }
        if generator.chance(6) { trust.subjects = [.user] }
        if generator.chance(8) { trust.maximumTokenLifetime = 600 }
        settings.tenants[0].trust = trust
        if generator.chance(8) { settings.kubernetes.usernamePrefix = "system:" }
        if generator.chance(8) {
            let object = try #require(GUID("0b1ec700-0000-0000-0000-000000000001"))
            settings.tenants[0].policy.emergencyAccess = [
                EmergencyEntry(
                    objectID: object, until: now.adding(seconds: 60), kubernetesGroups: ["e"], reason: "fire")
            ]
        }
        if generator.chance(3) {
            settings.tenants.append(
                TenantConfiguration(
                    trust: TokenValidationRules(
                        tenantID: try #require(GUID(otherID)), audiences: [InspectionReportTests.audience]),
                    policy: TenantPolicy()))
        }
        return settings
    }

    static func keys(_ generator: inout SplitMix, tenants: Int) throws -> KeySnapshot {
        let end = Timestamp(secondsSinceEpoch: generator.chance(12) ? now.secondsSinceEpoch - 1 : .max)
        let own = SigningKey(keyID: "k1", publicKey: try TestTenant.key.get().publicKey)
        let foreign = SigningKey(keyID: "k2", publicKey: try foreignKey.get().publicKey)
        let tenantID = try #require(GUID(InspectionReportTests.tenantID))
        var sets = [tenantID: TenantKeySet(keys: [own], usableUntil: end)]
        if tenants > 1, !generator.chance(4) {
            sets[try #require(GUID(otherID))] = TenantKeySet(keys: [foreign], usableUntil: end)
        }
        return KeySnapshot(sets)
    }

    static func token(_ generator: inout SplitMix) throws -> [UInt8] {
        var claims = InspectionReportTests.claims
        for _ in 0..<Int.random(in: 0...4, using: &generator) {
            let name = generator.pick(names) ?? "aud"
            claims.removeAll { $0.0 == name }
            if let value = generator.pick(values) ?? nil { claims.append((name, value)) }
        }
        if generator.chance(10) {
            claims.removeAll { $0.0 == "groups" }
            claims.append(("hasgroups", .bool(true)))
        }
        var header: [(String, JSON)] = [("alg", "RS256"), ("kid", "k1"), ("typ", "JWT")]
        if generator.chance(3) {
            let name = generator.pick(headers) ?? "alg"
            header.removeAll { $0.0 == name }
            if let value = generator.pick(headerValues) ?? nil { header.append((name, value)) }
        }
        let key = try generator.chance(8) ? foreignKey.get() : TestTenant.key.get()
        var token = try signed(.object(header), .object(claims), key)
        if generator.chance(8) {
            let envelope = JSON.object([
                ("at", .string(String(decoding: token, as: UTF8.self))), ("u", "cluster.example"),
                ("ts", .integer(now.secondsSinceEpoch)), ("nonce", "n"),
            ])
            token = try signed(.object([("alg", "RS256"), ("kid", "x"), ("typ", "pop")]), envelope, key)
        }
        damage(&token, &generator)
        return token
    }

    private static func signed(_ header: JSON, _ claims: JSON, _ key: PrivateKey) throws -> [UInt8] {
        Array(try TestTokens.sign(header: header, payload: claims, key: key).utf8)
    }

    /// Changes the encoding. Not with white space or quotation marks, which `inspect` removes around a token.
    private static func damage(_ token: inout [UInt8], _ generator: inout SplitMix) {
        guard generator.chance(3) else { return }
        let place = Int.random(in: 0..<token.count, using: &generator)
        switch Int.random(in: 0..<6, using: &generator) {
        case 0: token[place] = UInt8.random(in: 45..<91, using: &generator)
        case 1: token.removeSubrange(place...)
        case 2: token.insert(UInt8(ascii: "."), at: place)
        case 3: token.append(UInt8(ascii: "="))
        case 4: token.remove(at: place)
        default: token += token.suffix(Int.random(in: 1...400, using: &generator))
        }
    }

    @Test("serve and inspect agree in verdict, reason and user", arguments: 0..<8)
    func agree(seed: Int) throws {
        var generator = SplitMix(seed: UInt64(seed))
        for round in 0..<300 {
            let settings = try Self.settings(&generator)
            let keys = try Self.keys(&generator, tenants: settings.tenants.count)
            let token = try Self.token(&generator)
            let decision = token.withUnsafeBytes {
                Authenticator(settings).decide(token: $0, keys: keys, now: Self.now)
            }
            let report = InspectionReport(TokenInput(token), settings: settings, keys: keys, now: Self.now)
            let place = "seed \(seed), round \(round): \(String(describing: decision.reason)) and \(report.verdict)"
            switch decision.outcome {
            case .accepted(let access):
                #expect(report.verdict == .accepted && report.reason == nil, "\(place)")
                #expect(report.user == access.user && report.isAdmin == access.isAdmin, "\(place)")
            case .refused(.groupResolutionFailed):
                #expect(report.needsGroupResolution && report.verdict != .accepted, "\(place)")
            case .refused(.keysUnavailable):
                #expect(report.verdict == .unverified, "\(place)")
            case .refused(let reason):
                #expect(report.reason == reason && report.verdict == .rejected && report.user == nil, "\(place)")
            }
            let failures = report.checks.filter { if case .failed = $0.outcome { true } else { false } }
            #expect(failures.allSatisfy { !$0.detail.isEmpty && $0.hint?.isEmpty == false }, "\(place)")
            if round % 10 == 0 {
                #expect(report.text().split(separator: "\n").allSatisfy { $0.count <= 80 }, "\(place)")
            }
        }
    }
}
