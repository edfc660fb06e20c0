internal import AccessPolicy
internal import Entra
internal import EntraTokens
internal import Timestamps

/// Facts that the directory reported after the token was issued.
extension TokenEvaluation {
    private var watchEnd: Timestamp {
        (claims?.expires ?? now).adding(seconds: rules.settings.clockSkew)
    }

    /// Checks what is known of the principal's account. The principal stays watched as long as this token lives.
    mutating func checkAccount() -> CheckResult {
        guard let tenant, let objectID else { return .omitted }
        guard watchFacts != nil || tenant.watch == nil || kind == .device else { return .skipped }
        guard let known = fact(about: objectID, in: tenant) else { return .omitted }
        watchVersion = known.version
        if let kind, known.until < watchEnd {
            watch = WatchInterest(
                tenantID: tenant.trust.tenantID, objectID: objectID, kind: kind, until: watchEnd)
        }
        guard known.account != nil else { return .omitted }
        let problem = known.accountProblem(issuedAt: claims?.issuedAt)
        return .when(problem == nil, else: problem ?? .accountDisabled)
    }

    /// From when a new sign-in passes, where one helps against the refusal.
    var newSignInPasses: Timestamp? {
        switch reason {
        case .principalDenied?: denial?.newSignInPasses
        case .sessionsRevoked?:
            if let tenant, let objectID { fact(about: objectID, in: tenant)?.account?.newSignInPasses } else { nil }
        default: nil
        }
    }

    private func fact(about objectID: GUID, in tenant: TenantConfiguration) -> WatchedPrincipal? {
        // The directory is not asked about devices.
        guard tenant.watch != nil, kind != .device else { return nil }
        return watchFacts?.principal(objectID, tenantID: tenant.trust.tenantID)
    }

    /// Replaces the token's membership in the configured groups by the directory's answer, or returns why nothing is
    /// known.
    mutating func applyWatch(_ principal: inout EntraPrincipal, _ tenant: TenantConfiguration) -> RefusalReason? {
        guard let facts = watchFacts, let rule = tenant.watch, principal.kind != .device else { return nil }
        let interest = WatchInterest(
            tenantID: principal.tenantID, objectID: principal.objectID, kind: principal.kind, until: watchEnd)
        guard let known = fact(about: principal.objectID, in: tenant) else {
            guard rule.scope == .everyone || isWatchedAdmin(principal, policy: tenant.policy) else { return nil }
            if facts.tenants[principal.tenantID]?.isFull != true {
                watch = interest
                awaitsFirstAnswer = true
            }
            return rule.refusesInSilence ? .groupResolutionFailed : nil
        }
        if let membership = known.membership { principal.groups = membership.applied(to: principal.groups) }
        if known.isFirstAnswerDue {
            watch = interest
            awaitsFirstAnswer = true
            return rule.refusesInSilence ? .groupResolutionFailed : nil
        }
        return known.isSilent && rule.refusesInSilence ? .groupResolutionFailed : nil
    }

    /// Whether an admin group, or an emergency entry in force, grants a Kubernetes group of the admins. App roles and
    /// mapped groups do not count here.
    private func isWatchedAdmin(_ principal: EntraPrincipal, policy: TenantPolicy) -> Bool {
        if policy.adminGroupObjectIDs.contains(where: principal.groups.contains) { return true }
        let adminGroups = rules.settings.kubernetes.adminGroups
        return policy.emergencyAccess.contains { entry in
            entry.objectID == principal.objectID && now < entry.until
                && entry.kubernetesGroups.contains { group in
                    adminGroups.contains { $0.utf8.elementsEqual(group.utf8) }
                }
        }
    }
}
