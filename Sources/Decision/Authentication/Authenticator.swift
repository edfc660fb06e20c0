import AccessPolicy
public import Entra
public import EntraTokens
public import Jansson
public import Timestamps

/// The decision: a pure function of the token, the keys, the settings and the time.
public final class Authenticator: Sendable {
    /// The settings of every decision.
    public let settings: AuthenticationSettings
    /// Tells these settings apart from others, so that the cache never returns a decision made with others.
    public let identity = SnapshotIdentity()
    let rules: IssuerIndex

    /// Prepares the look-up of issuers and deny lists.
    public init(_ settings: AuthenticationSettings) {
        self.settings = settings
        rules = IssuerIndex(settings)
    }

    /// Decides on one token.
    ///
    /// - Parameters:
    ///   - token: as the API server sent it, without `Bearer`.
    ///   - resolvedGroups: the directory's answer for a principal with group overage; nil before it was asked.
    ///   - watch: the directory's last answers; nil if nobody is watched.
    public func decide(
        token: UnsafeRawBufferPointer,
        keys: KeySnapshot,
        now: Timestamp,
        resolvedGroups: [GUID]? = nil,
        watch: WatchFacts? = nil
    ) -> Decision {
        decide(token, signed: nil, keys: keys, now: now, resolvedGroups: resolvedGroups, watch: watch)
    }

    /// Decides on a token whose digests were computed before.
    public func decide(
        _ token: HashedToken,
        keys: KeySnapshot,
        now: Timestamp,
        resolvedGroups: [GUID]? = nil,
        watch: WatchFacts? = nil
    ) -> Decision {
        token.withUnsafeBytes {
            decide($0, signed: token.signed, keys: keys, now: now, resolvedGroups: resolvedGroups, watch: watch)
        }
    }

    private func decide(
        _ token: UnsafeRawBufferPointer,
        signed: HashedToken.SignedDigest?,
        keys: KeySnapshot,
        now: Timestamp,
        resolvedGroups: [GUID]?,
        watch: WatchFacts?
    ) -> Decision {
        var evaluation = TokenEvaluation(
            rules: rules,
            keys: keys,
            now: now,
            resolvedGroups: resolvedGroups,
            watch: watch,
            recorder: FirstFailure()
        )
        evaluation.run(token, signed: signed)
        return evaluation.decision(clockSkew: settings.clockSkew, keys: keys, now: now)
    }

    /// Runs all checks that make sense and records every outcome. The checks are those of a decision; only the
    /// explanation is longer.
    ///
    /// - Parameter keys: nil if there are none; the checks of key and signature are then skipped.
    public func examine(
        token: UnsafeRawBufferPointer,
        keys: KeySnapshot?,
        now: Timestamp,
        resolvedGroups: [GUID]? = nil,
        watch: WatchFacts? = nil
    ) -> TokenEvaluation<AllChecks> {
        var evaluation = TokenEvaluation(
            rules: rules,
            keys: keys,
            now: now,
            resolvedGroups: resolvedGroups,
            watch: watch,
            recorder: AllChecks()
        )
        evaluation.run(token)
        return evaluation
    }

    /// Like ``examine(token:keys:now:resolvedGroups:watch:)``, for claims that the caller vouches for, such as the
    /// claims file of a policy check.
    ///
    /// - Parameter areTokenTimesReal: false if the claims describe a principal without a token, so that `iat` is
    ///   invented.
    public func examine(
        verifiedClaims: JSONValue,
        now: Timestamp,
        resolvedGroups: [GUID]? = nil,
        areTokenTimesReal: Bool = true
    ) -> TokenEvaluation<AllChecks> {
        var evaluation = TokenEvaluation(
            rules: rules,
            keys: nil,
            now: now,
            resolvedGroups: resolvedGroups,
            watch: nil,
            recorder: AllChecks()
        )
        evaluation.run(verifiedClaims: verifiedClaims, areTokenTimesReal: areTokenTimesReal)
        return evaluation
    }
}

extension TokenEvaluation {
    /// Makes the decision after the checks have run. It changes nothing and is `mutating` only so that a call copies
    /// nothing.
    mutating func decision(clockSkew: Int64, keys: KeySnapshot, now: Timestamp) -> Decision {
        var decision: Decision
        if let reason {
            decision = Decision(outcome: .refused(reason))
            decision.keyRefreshTenant = keyRefreshTenant
            decision.denial = reason == .principalDenied ? denial : nil
            decision.sentence = reason.sentence(newSignInPasses: newSignInPasses)
            decision.groupResolution = reason == .groupResolutionFailed ? groupResolution : nil
        } else if let access {
            decision = Decision(outcome: .accepted(access))
            decision.groupResolution = groupResolution
            decision.proofUse = proofUse
            decision.validUntil = validUntil(clockSkew: clockSkew, keys: keys, now: now)
        } else {
            // Without a reason there is always access. If that ever fails, the token is refused.
            decision = Decision(outcome: .refused(.claimsMalformed))
        }
        if areClaimsTrusted {
            let isAboutWatch = reason == .groupResolutionFailed && groupResolution == nil
            if reason == nil || reason == .accountDisabled || reason == .sessionsRevoked || isAboutWatch {
                decision.watch = watch.interest
            }
            decision.awaitsFirstAnswer = watch.awaitsFirstAnswer && (reason == nil || isAboutWatch)
        }
        guard areClaimsTrusted else {
            decision.untrustedKeyID = header?.plainKeyID
            return decision
        }
        decision.subject.keyID = header?.keyID
        decision.subject.tokenID = claims?.tokenID.flatMap { EntraID.isPlain($0) ? $0 : nil }
        decision.subject.tokenVersion = claims?.version
        if let tenant = tenantIndex {
            decision.subject.tenantID = tenant.tenantID
            // Entra's client IDs are GUIDs. Anything else that an issuer may sign stays out of the logs.
            decision.subject.clientAppID = claims?.clientAppID.flatMap { GUID($0) == nil ? nil : $0 }
            decision.subject.objectID = objectID ?? claims?.objectGUID
            // The token was refused before this was needed, but the log shows it for every token of a tenant.
            decision.subject.kind = kind ?? claims.map { SubjectKind($0, trust: tenant.trust) }
        }
        decision.watchVersion = watch.version(decision.subject)
        return decision
    }

    /// The first time at which the answer could change because time passes.
    private func validUntil(clockSkew: Int64, keys: KeySnapshot, now: Timestamp) -> Timestamp {
        guard let expires = claims?.expires, let principal, let tenant = tenantIndex,
            let set = keys.keySets[principal.tenantID]
        else {
            return Timestamp(secondsSinceEpoch: .min)
        }
        var end = min(expires.adding(seconds: clockSkew), set.usableUntil)
        for entry in tenant.policy.emergencyAccess
        where entry.objectID == principal.objectID && now < entry.until {
            end = min(end, entry.until)
        }
        return end
    }
}
