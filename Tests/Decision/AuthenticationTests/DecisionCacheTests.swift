import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import TestSupport
import Testing
import Timestamps

@Suite struct DecisionCacheTests {
    private static func token(_ number: Int, groups: Int = 2) throws -> HashedToken {
        let ids = (0..<groups).map {
            JSON.string("00000000-0000-4000-8000-\(String(1_000_000_000_000 + $0).dropFirst(1))")
        }
        return TestDecision.hashed(
            try TestTokens.token(claims: [("uti", .string("t\(number)")), ("groups", .array(ids))]))
    }

    @Test("at every time, with every settings and key set, a remembered answer is the one that would be given")
    func agreement() throws {
        var authenticators = [
            Authenticator(TestTenant.settings()),
            Authenticator(
                TestTenant.settings { $0.policy.adminGroupObjectIDs = [TestTenant.guid(TestTenant.plainGroup)] }),
            // A rule that ends, like an entry of a deny list.
            Authenticator(
                TestTenant.settings {
                    $0.policy.emergencyAccess = [
                        EmergencyEntry(
                            objectID: TestTenant.guid(TestTenant.objectID), until: TestTokens.now.adding(seconds: 120),
                            kubernetesGroups: ["emergency"], reason: "drill")
                    ]
                }),
            Authenticator(
                TestTenant.settings { $0.trust.allowedClientAppIDs = [TestTenant.guid(TestTenant.adminGroup)] }),
        ]
        authenticators += AgreementTests.watchRules.map { rule in
            Authenticator(TestTenant.settings { $0.watch = rule })
        }
        let snapshots = [
            try TestTenant.keys(), try TestTenant.keys(usableUntil: TestTokens.now.adding(seconds: 300)),
            KeySnapshot([:]),
        ]
        let now = TestTokens.now.secondsSinceEpoch
        var tokens: [HashedToken] = []
        for number in 0..<4 {
            let changes: [(String, JSON?)] = [
                ("uti", .string("t\(number)")), ("exp", .integer(now + [200, 700, 3600, 90][number])),
                ("nbf", .integer(now - [300, 300, 0, 300][number])),
                ("groups", .array([.string(number % 2 == 0 ? TestTenant.adminGroup : TestTenant.plainGroup)])),
            ]
            tokens.append(TestDecision.hashed(try TestTokens.token(claims: changes)))
        }
        var generator = SplitMix(seed: 14)
        let limits: [(Int, Int?, Int)] = [(3, nil, 100), (10_000, nil, 600), (10, 2_500, 600), (0, nil, 600)]
        for (entries, bytes, age) in limits {
            let cache = DecisionCache(.init(entries: entries, maximumAge: .seconds(age)), bytes: bytes)
            var hits = 0
            var authenticator = authenticators[0]
            var keys = snapshots[0]
            var time = TestTokens.now
            var facts: WatchFacts?
            for round in 0..<1500 {
                let token = tokens[Int.random(in: 0..<tokens.count, using: &generator)]
                // Mostly unchanged, so that there are cache hits; and sometimes the clock is set back.
                switch Int.random(in: 0..<36, using: &generator) {
                case 0: authenticator = authenticators[Int.random(in: 0..<authenticators.count, using: &generator)]
                case 1: keys = snapshots[Int.random(in: 0..<snapshots.count, using: &generator)]
                case 6: facts = AgreementTests.randomFacts(version: UInt64(round + 1), using: &generator)
                case 2...5: time = TestTokens.now.adding(seconds: Int64.random(in: -12...80, using: &generator) * 10)
                default: break
                }
                let (cached, isHit) = cache.decide(
                    token, by: authenticator, keys: keys, now: time, watch: facts)
                let direct = authenticator.decide(token, keys: keys, now: time, watch: facts)
                #expect(cached.outcome == direct.outcome)
                #expect(cached.subject == direct.subject)
                if isHit { hits += 1 }
                #expect(cache.count <= entries && cache.byteCount <= bytes ?? entries * 2048)
                if Int.random(in: 0..<50, using: &generator) == 0 { cache.sweep(now: time) }
            }
            #expect(entries == 0 ? hits == 0 : hits > 50)
        }
    }

    @Test("new settings and new keys are never answered from what was remembered with the old ones")
    func identities() throws {
        let cache = DecisionCache(.init(entries: 10, maximumAge: .seconds(600)))
        let token = try Self.token(0)
        let settings = TestTenant.settings()
        let keys = try TestTenant.keys()
        let authenticator = Authenticator(settings)
        #expect(!cache.decide(token, by: authenticator, keys: keys, now: TestTokens.now).isHit)
        #expect(cache.decide(token, by: authenticator, keys: keys, now: TestTokens.now).isHit)
        #expect(!cache.decide(token, by: Authenticator(settings), keys: keys, now: TestTokens.now).isHit)
        #expect(
            cache.decide(token, by: authenticator, keys: KeySnapshot([:]), now: TestTokens.now).decision.reason
                == .keysUnavailable)
        cache.update(.init(entries: 10, maximumAge: .seconds(601)))
        #expect(cache.count == 0)
    }

    @Test("memory is bounded in bytes, the oldest goes first, and what has ended is given back")
    func bounds() throws {
        let authenticator = Authenticator(TestTenant.settings())
        let keys = try TestTenant.keys()
        let tokens = try (0..<40).map { try Self.token($0, groups: 200) }
        let cache = DecisionCache(.init(entries: 1000, maximumAge: .seconds(600)), bytes: 80_000)
        for token in tokens { _ = cache.decide(token, by: authenticator, keys: keys, now: TestTokens.now) }
        #expect(cache.byteCount <= 80_000)
        // 200 object IDs need 3,200 bytes, not the 19,200 of strings.
        #expect((12...24).contains(cache.count), "\(cache.count)")
        #expect(!cache.decide(tokens[0], by: authenticator, keys: keys, now: TestTokens.now).isHit)
        #expect(cache.decide(tokens[39], by: authenticator, keys: keys, now: TestTokens.now).isHit)
        cache.sweep(now: TestTokens.now.adding(seconds: 599))
        #expect(cache.count > 0)
        cache.sweep(now: TestTokens.now.adding(seconds: 600))
        #expect(cache.count == 0 && cache.byteCount == 0)
    }

    @Test("many threads at once are given the right answers")
    func threads() async throws {
        let authenticator = Authenticator(TestTenant.settings())
        let keys = try TestTenant.keys()
        let tokens = try (0..<24).map { try Self.token($0) }
        let cache = DecisionCache(.init(entries: 2000, maximumAge: .seconds(600)), bytes: 30_000)
        let wrong = await withTaskGroup(of: Int.self) { group in
            for task in 0..<4 {
                group.addTask {
                    var wrong = 0
                    for step in 0..<600 {
                        let number = (step * 7 + task * 5) % tokens.count
                        let decision = cache.decide(tokens[number], by: authenticator, keys: keys, now: TestTokens.now)
                            .decision
                        let name = decision.access?.user.extra.last?.values.first
                        if name != "JTI=t\(number)" { wrong += 1 }
                        if step % 100 == 0 { cache.sweep(now: TestTokens.now) }
                    }
                    return wrong
                }
            }
            return await group.reduce(0, +)
        }
        #expect(wrong == 0)
        #expect(cache.byteCount <= 30_000)
    }
}
