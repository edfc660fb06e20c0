import Authentication
import Entra
import EntraTokens
import OpenSSL
import TestSupport
import Timestamps

/// Decides about a token in every way that the program has; all must agree.
enum TestDecision {
    static func hashed(_ token: String) -> HashedToken {
        HashedToken(Array(token.utf8).withUnsafeBytes { SecureBytes(copying: $0) })
    }

    static func decide(
        _ token: String,
        settings: AuthenticationSettings = TestTenant.settings(),
        keys: KeySnapshot? = nil,
        now: Timestamp = TestTokens.now,
        resolvedGroups: [GUID]? = nil,
        watch: WatchFacts? = nil
    ) throws -> Decision {
        let keys = try keys ?? TestTenant.keys()
        let authenticator = Authenticator(settings)
        let decision = Array(token.utf8).withUnsafeBytes {
            authenticator.decide(token: $0, keys: keys, now: now, resolvedGroups: resolvedGroups, watch: watch)
        }
        // Hashed before or while it is judged, a token is the same.
        let hashed = authenticator.decide(
            hashed(token), keys: keys, now: now, resolvedGroups: resolvedGroups, watch: watch)
        guard hashed.outcome == decision.outcome else { throw Disagreement(decision.reason, hashed.reason) }
        let examined = Array(token.utf8).withUnsafeBytes {
            authenticator.examine(token: $0, keys: keys, now: now, resolvedGroups: resolvedGroups, watch: watch)
        }
        // Explaining and deciding are one: a difference is a defect of the first order.
        guard examined.reason == decision.reason else { throw Disagreement(decision.reason, examined.reason) }
        return decision
    }

    struct Disagreement: Error {
        let decided: RefusalReason?
        let examined: RefusalReason?

        init(_ decided: RefusalReason?, _ examined: RefusalReason?) {
            self.decided = decided
            self.examined = examined
        }
    }
}
