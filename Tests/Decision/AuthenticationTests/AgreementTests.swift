import AccessPolicy
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

    /// What the directory may have said about the principal of the tokens here; nil if nobody is watched.
    ///
    /// - Parameter version: never used twice.
    static func randomFacts(version: UInt64, using generator: inout SplitMix) -> WatchFacts? {
        func isOne(in count: Int) -> Bool { Int.random(in: 0..<count, using: &generator) == 0 }
        guard !isOne(in: 6) else { return nil }
        let configured = [TestTenant.adminGroup, TestTenant.developerGroup].map(TestTenant.guid)
        let asked = configured.filter { _ in !isOne(in: 4) }
        let membership = WatchedPrincipal.Membership(asked: asked, members: asked.filter { _ in isOne(in: 2) })
        let validFrom =
            isOne(in: 2) ? nil : TestTokens.now.adding(seconds: Int64.random(in: -600...600, using: &generator))
        let known = WatchedPrincipal(
            version: version, until: TestTokens.now.adding(seconds: 7200), isFirstAnswerDue: isOne(in: 3),
            isSilent: isOne(in: 3), membership: isOne(in: 3) ? nil : membership,
            account: isOne(in: 3)
                ? nil : WatchedPrincipal.Account(isEnabled: !isOne(in: 4), sessionsValidFrom: validFrom))
        let tenant = WatchFacts.Tenant(
            principals: isOne(in: 4) ? [:] : [TestTenant.guid(TestTenant.objectID): known], isFull: isOne(in: 4))
        return WatchFacts([TestTenant.guid(TestTenant.id): tenant])
    }

    /// Every way to watch.
    static let watchRules: [WatchRule?] = [
        nil, WatchRule(scope: .admins, refusesInSilence: false), WatchRule(scope: .admins, refusesInSilence: true),
        WatchRule(scope: .everyone, refusesInSilence: false), WatchRule(scope: .everyone, refusesInSilence: true),
    ]

    @Test("deciding and explaining give the same reason, whatever the directory has said", arguments: 0..<4)
    func agreeWithFacts(seed: Int) throws {
        var generator = SplitMix(seed: UInt64(seed) + 100)
        var reasons: Set<RefusalReason?> = []
        for round in 0..<250 {
            let settings = TestTenant.settings {
                $0.watch = Self.watchRules.randomElement(using: &generator) ?? nil
                guard Int.random(in: 0..<3, using: &generator) == 0 else { return }
                $0.policy.emergencyAccess = [
                    EmergencyEntry(
                        objectID: TestTenant.guid(TestTenant.objectID), until: TestTokens.now.adding(seconds: 60),
                        kubernetesGroups: ["emergency"], reason: "drill")
                ]
            }
            let claims: [(String, JSON?)] = [
                (
                    "groups",
                    [nil, .array([]), .array([.string(TestTenant.adminGroup)])].randomElement(using: &generator) ?? nil
                ),
                (
                    "iat",
                    [nil, .integer(TestTokens.now.secondsSinceEpoch - 300)].randomElement(using: &generator) ?? nil
                ),
            ]
            let facts = Self.randomFacts(version: UInt64(round + 1), using: &generator)
            // TestDecision.decide throws when the two disagree.
            reasons.insert(
                try TestDecision.decide(try TestTokens.token(claims: claims), settings: settings, watch: facts).reason)
        }
        #expect(reasons.isSuperset(of: [nil, .accountDisabled, .sessionsRevoked, .groupResolutionFailed]))
    }

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
