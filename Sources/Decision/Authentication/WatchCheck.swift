import AccessPolicy
import Entra
import EntraTokens
import SafeText
import Timestamps

/// What the directory has said since the token was issued, and whom it should be asked about from now on.
struct WatchCheck {
    /// The directory's last answers; nil if nobody is watched.
    private let facts: WatchFacts?
    private let now: Timestamp
    private let clockSkew: Int64
    private let adminGroups: [ExactText]
    /// Who should be watched from now on, or for longer.
    private(set) var interest: WatchInterest?
    /// Whether the first answer about the principal is awaited.
    private(set) var awaitsFirstAnswer = false

    init(facts: WatchFacts?, now: Timestamp, clockSkew: Int64, adminGroups: [ExactText]) {
        self.facts = facts
        self.now = now
        self.clockSkew = clockSkew
        self.adminGroups = adminGroups
    }

    private func end(of tokenEnds: Timestamp?) -> Timestamp { (tokenEnds ?? now).adding(seconds: clockSkew) }

    /// Checks what is known of the principal's account. The principal stays watched as long as this token lives.
    mutating func checkAccount(
        _ objectID: GUID, kind: SubjectKind?, _ tenant: TenantIndex, claims: EntraClaims
    ) -> CheckResult {
        guard facts != nil || tenant.watch == nil || kind == .device else { return .skipped }
        guard let known = fact(about: objectID, kind: kind, in: tenant) else { return .omitted }
        let end = end(of: claims.expires)
        if let kind, known.until < end {
            interest = WatchInterest(tenantID: tenant.tenantID, objectID: objectID, kind: kind, until: end)
        }
        guard known.account != nil else { return .omitted }
        let problem = known.accountProblem(issuedAt: claims.issuedAt)
        return .when(problem == nil, else: problem ?? .accountDisabled)
    }

    /// The time from which a new sign-in is accepted after the directory revoked the sessions.
    func newSignInPasses(_ objectID: GUID, kind: SubjectKind?, _ tenant: TenantIndex) -> Timestamp? {
        fact(about: objectID, kind: kind, in: tenant)?.account?.newSignInPasses
    }

    /// Version of the facts that a decision on that subject uses; 0 if nothing is known.
    func version(_ subject: DecisionSubject) -> UInt64 { facts?.version(subject) ?? 0 }

    private func fact(about objectID: GUID, kind: SubjectKind?, in tenant: TenantIndex) -> WatchedPrincipal? {
        // The directory is not asked about devices.
        guard tenant.watch != nil, kind != .device else { return nil }
        return facts?.principal(objectID, tenantID: tenant.tenantID)
    }

    /// Replaces the token's membership in the configured groups by the directory's answer, or returns why nothing is
    /// known.
    mutating func apply(
        to principal: inout EntraPrincipal, _ tenant: TenantIndex, tokenEnds: Timestamp?
    ) -> RefusalReason? {
        guard let facts, let rule = tenant.watch, principal.kind != .device else { return nil }
        let interest = WatchInterest(
            tenantID: principal.tenantID, objectID: principal.objectID, kind: principal.kind, until: end(of: tokenEnds))
        guard let known = fact(about: principal.objectID, kind: principal.kind, in: tenant) else {
            guard rule.scope == .everyone || isWatchedAdmin(principal, policy: tenant.policy) else { return nil }
            if facts.tenants[principal.tenantID]?.isFull != true {
                self.interest = interest
                awaitsFirstAnswer = true
            }
            return rule.refusesInSilence ? .groupResolutionFailed : nil
        }
        if let membership = known.membership { principal.groups = membership.applied(to: principal.groups) }
        if known.isFirstAnswerDue {
            self.interest = interest
            awaitsFirstAnswer = true
            return rule.refusesInSilence ? .groupResolutionFailed : nil
        }
        return known.isSilent && rule.refusesInSilence ? .groupResolutionFailed : nil
    }

    /// Whether an admin group, or an emergency entry in force, grants a Kubernetes group of the admins. App roles and
    /// mapped groups do not count here.
    private func isWatchedAdmin(_ principal: EntraPrincipal, policy: TenantPolicy) -> Bool {
        if policy.adminGroupObjectIDs.contains(where: principal.groups.contains) { return true }
        return policy.emergencyAccess.contains { entry in
            entry.objectID == principal.objectID && now < entry.until
                && entry.kubernetesGroups.contains(where: adminGroups.contains)
        }
    }
}
