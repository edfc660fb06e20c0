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
        // A reason that comes earlier in the contract's list is found by an earlier check. Only whether the issuer's own
        // keys are too old is known late, if another tenant's key verifies.
        let reasons = examined.recorder.outcomes.compactMap { outcome -> RefusalReason? in
            if case .failed(let reason) = outcome.outcome { reason } else { nil }
        }
        let others = reasons.filter { $0 != .keysUnavailable }
        guard others == others.sorted() else { throw Disorder(reasons: reasons) }
        return decision
    }

    /// Checks that do not run in the order of their reasons.
    struct Disorder: Error {
        let reasons: [RefusalReason]
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
