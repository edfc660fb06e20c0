import Entra
import EntraTokens
import Timestamps

// Checks of single claims, which need nothing else of an evaluation.

extension GroupClaim {
    /// Whether the groups are known, so that access can be decided.
    ///
    /// - Parameter isResolved: whether the directory has said which groups a token that cannot list them stands for.
    func check(_ rule: GroupOverageRule, isResolved: Bool) -> CheckResult {
        switch (hasOverage, rule) {
        case (true, .deny): isMalformed ? .failedTwice(.groupOverage, .groupsMalformed) : .failed(.groupOverage)
        case (true, .resolve) where !isMalformed && !isResolved: .failed(.groupResolutionFailed)
        case (true, _), (false, _): .when(!isMalformed, else: .groupsMalformed)
        }
    }
}

extension TokenValidationRules {
    /// Whether the claims have what the tenant requires.
    func checkRequirements(_ claims: EntraClaims) -> CheckResult {
        let isMissing = !unmetRequirements(claims, for: .requiredClaimMissing).isEmpty
        let isOther = !unmetRequirements(claims, for: .requiredClaimMismatch).isEmpty
        if isMissing, isOther { return .failedTwice(.requiredClaimMissing, .requiredClaimMismatch) }
        if isMissing { return .failed(.requiredClaimMissing) }
        return .when(!isOther, else: .requiredClaimMismatch)
    }
}

extension ProofOfPossessionRule {
    /// Checks a token that came without a proof of possession. It passes if it is not bound to a key and the tenant
    /// does not require that.
    ///
    /// - Parameter hasOnlyClaims: whether only claims are checked, so that nobody knows how the token was sent.
    func checkMissing(_ claims: EntraClaims, hasOnlyClaims: Bool) -> CheckResult {
        // A bound token comes inside a proof-of-possession token, which claims alone cannot show.
        if hasOnlyClaims, claims.isBound, self != .off { return .skipped }
        return .when(!claims.isBound && self != .require, else: .proofOfPossessionRequired)
    }
}

extension EntraClaims {
    /// Whether the token has not expired.
    func checkExpiry(now: Timestamp, clockSkew: Int64) -> CheckResult {
        guard let expires else { return .skipped }
        return .when(now < expires.adding(seconds: clockSkew), else: .tokenExpired)
    }

    /// Whether the token is valid already.
    func checkNotBefore(now: Timestamp, clockSkew: Int64) -> CheckResult {
        guard let notBefore else { return .skipped }
        return .when(now >= notBefore.adding(seconds: -clockSkew), else: .tokenNotYetValid)
    }

    /// Whether the token is valid for no longer than the tenant accepts.
    func checkLifetime(maximum seconds: Int64) -> CheckResult {
        guard let expires, let start = lifetimeStart else { return .skipped }
        return .when(expires.seconds(since: start) <= seconds, else: .tokenLifetimeTooLong)
    }
}
