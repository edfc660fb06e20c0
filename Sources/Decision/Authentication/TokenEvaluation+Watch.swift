internal import AccessPolicy
internal import EntraTokens
internal import Timestamps

/// What the directory said since the token was issued.
extension TokenEvaluation {
    private var watchEnd: Timestamp {
        (claims?.expires ?? now).adding(seconds: rules.settings.clockSkew)
    }

    /// What is known of the principal; it then stays watched for as long as this token lives.
    mutating func checkAccount() -> CheckResult {
        guard let tenant, let objectID, let known = fact(about: objectID, in: tenant) else { return .omitted }
        watchVersion = known.version
        if let kind, known.until < watchEnd {
            watch = WatchInterest(
                tenantID: tenant.trust.tenantID, objectID: objectID, kind: kind, until: watchEnd)
        }
        guard known.account != nil else { return .omitted }
        let problem = known.accountProblem(issuedAt: claims?.issuedAt)
        return .when(problem == nil, else: problem ?? .accountDisabled)
    }

    private func fact(about objectID: GUID, in tenant: TenantConfiguration) -> WatchedPrincipal? {
        // Devices are not asked about.
        guard tenant.watch != nil, kind != .device else { return nil }
        return watchFacts?.principal(objectID, tenantID: tenant.trust.tenantID)
    }

    /// Puts the directory's answer in the place of the token's membership in the configured groups, or says why nothing
    /// is known.
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

    /// Whether an admin group or an emergency entry in force gives an admin group's Kubernetes groups. App roles and
    /// mapped groups make no admin here.
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
