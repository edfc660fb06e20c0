import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import OpenSSL
import TestSupport
import Testing
import Timestamps

/// Decisions that depend on the directory, and how long they are cached.
@Suite struct ResolvedGroupsTests {
    private let authenticator = Authenticator(TestTenant.settings { $0.trust.groupOverage = .resolve })

    private func decide(
        _ cache: DecisionCache, _ token: HashedToken, after seconds: Int64 = 0, resolved: ResolvedGroups? = nil
    ) throws -> Decision {
        try look(cache, token, after: seconds, resolved: resolved).decision
    }

    private func look(
        _ cache: DecisionCache, _ token: HashedToken, after seconds: Int64 = 0, resolved: ResolvedGroups? = nil
    ) throws -> (decision: Decision, isHit: Bool) {
        cache.decide(
            token, by: authenticator, keys: try Self.keys.get(), now: TestTokens.now.adding(seconds: seconds),
            resolved: resolved)
    }

    private static let keys = Result { try TestTenant.keys() }

    private func token() throws -> HashedToken {
        TestDecision.hashed(try TestTokens.token(claims: [("groups", nil), ("hasgroups", .bool(true))]))
    }

    @Test("a decision with fetched groups is remembered while they are fresh")
    func anAnswerIsRememberedForAsLongAsItIsFresh() throws {
        let cache = DecisionCache(.init(entries: 10, maximumAge: .seconds(600)))
        let token = try token()
        #expect(try decide(cache, token).groupResolution != nil)
        let resolved = ResolvedGroups(
            groups: [TestTenant.guid(TestTenant.adminGroup)], freshUntil: TestTokens.now.adding(seconds: 100))
        #expect(try decide(cache, token, after: 1, resolved: resolved).access?.isAdmin == true)
        let fresh = try look(cache, token, after: 99)
        #expect(fresh.decision.access?.isAdmin == true && fresh.isHit)
        #expect(try decide(cache, token, after: 100).reason == .groupResolutionFailed)
        // The clock is set back, and a newer answer replaces an older one.
        #expect(try decide(cache, token, after: 0).reason == .groupResolutionFailed)
        let later = ResolvedGroups(groups: [], freshUntil: TestTokens.now.adding(seconds: 300))
        #expect(try decide(cache, token, after: 101, resolved: later).access?.isAdmin == false)
        let newer = try look(cache, token, after: 299)
        #expect(newer.decision.access?.isAdmin == false && newer.isHit)
    }

    @Test("a decision that rests on stale or missing groups is not remembered", arguments: [(0, 10), (100, 1001)])
    func isNotRemembered(freshFor: Int64, groups: Int) throws {
        let cache = DecisionCache(.init(entries: 10, maximumAge: .seconds(600)))
        let token = try token()
        let resolved = ResolvedGroups(
            groups: Array(repeating: TestTenant.guid(TestTenant.adminGroup), count: groups),
            freshUntil: TestTokens.now.adding(seconds: freshFor))
        #expect(try decide(cache, token, resolved: resolved).access?.isAdmin == true)
        #expect(try decide(cache, token).reason == .groupResolutionFailed)
        #expect(cache.count == 0)
    }
}
