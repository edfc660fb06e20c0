public import AccessPolicy
public import Entra
public import SafeText
public import Timestamps

/// The user of an access review: what an accepted token review reported, as the API server sends it back.
public struct ReviewedUser: Hashable, Sendable {
    /// `spec.groups`
    public var groups: [ExactText]
    /// The values of `spec.extra`, by name.
    public var extra: [ExactText: [String]]

    public init(groups: [String] = [], extra: [ExactText: [String]] = [:]) {
        self.groups = groups.map { ExactText($0) }
        self.extra = extra
    }
}

/// Why a request is denied, although the API server still has the user's sign-in in its cache.
public struct AccessDenial: Sendable {
    /// The reason; one that access reviews can have.
    public let reason: RefusalReason
    /// The user's tenant, from `extra`.
    public let tenantID: GUID
    /// The user's object ID, from `extra`.
    public let objectID: GUID
    /// The entry of the deny list that denies the user; nil for other reasons.
    public let denial: DeniedEntry?
    /// Says more exactly than the reason's own sentence what helps; nil where that one says it all.
    public let sentence: String?
}

extension RefusalReason {
    /// The sentence with the time from which a new sign-in passes; nil without one.
    func sentence(newSignInPasses time: Timestamp?) -> String? {
        time.map { "\(sentence); a new sign-in passes from \($0.rfc3339)" }
    }
}

extension Authenticator {
    /// Whether the user's access has ended since the sign-in; nil means no opinion. This function never allows a
    /// request.
    ///
    /// It is a pure function of the user, the settings with their deny lists, the directory's answers and the time.
    /// Missing answers of the directory never deny anything.
    public func denial(of user: ReviewedUser, watch: WatchFacts, now: Timestamp) -> AccessDenial? {
        let objectIDs = (user.extra["oid"] ?? []).compactMap { GUID($0) }
        let tenantIDs = (user.extra["kube-entra.dev/tenant-id"] ?? []).compactMap { GUID($0) }
        var found: AccessDenial?
        for rules in settings.tenants where tenantIDs.contains(rules.trust.tenantID) {
            for objectID in objectIDs {
                let review = AccessReview(
                    user: user, objectID: objectID, rules: rules,
                    denyList: self.rules.denyLists[rules.trust.tenantID] ?? DenyList(),
                    kubernetes: settings.kubernetes,
                    known: rules.watch == nil ? nil : watch.principal(objectID, tenantID: rules.trust.tenantID),
                    now: now)
                // Every tenant that matches can deny; the reason with the highest precedence is the answer.
                guard let denial = review.denial(), found.map({ denial.reason < $0.reason }) ?? true else { continue }
                found = denial
            }
        }
        return found
    }
}

/// The review of one principal.
private struct AccessReview {
    let user: ReviewedUser
    let objectID: GUID
    let rules: TenantConfiguration
    let denyList: DenyList
    let kubernetes: KubernetesPolicy
    let known: WatchedPrincipal?
    let now: Timestamp

    func denial() -> AccessDenial? {
        func denied(
            _ reason: RefusalReason, _ entry: DeniedEntry? = nil, newSignInPasses time: Timestamp? = nil
        ) -> AccessDenial {
            AccessDenial(
                reason: reason, tenantID: rules.trust.tenantID, objectID: objectID, denial: entry,
                sentence: reason.sentence(newSignInPasses: time))
        }
        if let entry = deniedEntry {
            return denied(.principalDenied, entry, newSignInPasses: entry.newSignInPasses)
        }
        if let reason = known?.accountProblem(issuedAt: issuedAt) {
            return denied(
                reason, newSignInPasses: reason == .sessionsRevoked ? known?.account?.newSignInPasses : nil)
        }
        if hasLostEmergencyAccess { return denied(.emergencyAccessEnded) }
        if hasLostMembership { return denied(.membershipEnded) }
        return nil
    }

    /// The oldest time in the review. Nil, which counts as older than all others, if a time is missing or unreadable.
    private var issuedAt: Timestamp? {
        let values = user.extra["kube-entra.dev/token-issued-at"] ?? []
        let times = values.map { Int64($0) }
        guard !times.contains(nil) else { return nil }
        return times.compactMap { $0 }.min().map { Timestamp(secondsSinceEpoch: $0) }
    }

    // MARK: Deny list

    private var deniedEntry: DeniedEntry? {
        guard !denyList.isEmpty else { return nil }
        let issuedAt = issuedAt
        let clients = (user.extra["kube-entra.dev/client-app-id"] ?? []).compactMap { GUID($0) }
        let tokenIDs = (user.extra["authentication.kubernetes.io/credential-id"] ?? []).compactMap { credential in
            credential.utf8.starts(with: "JTI=".utf8) ? String(credential.dropFirst(4)) : nil
        }
        func entry(objectID: GUID?, clientAppID: GUID?, tokenID: String?) -> DeniedEntry? {
            denyList.denial(
                of: DenyList.Token(
                    objectID: objectID, clientAppID: clientAppID, tokenID: tokenID, issuedAt: issuedAt), now: now)
        }
        // One of each is what a sign-in gives; further ones were put there by somebody who impersonates.
        if let found = entry(objectID: objectID, clientAppID: clients.first, tokenID: tokenIDs.first) { return found }
        for client in clients.dropFirst() {
            if let found = entry(objectID: nil, clientAppID: client, tokenID: nil) { return found }
        }
        for tokenID in tokenIDs.dropFirst() {
            if let found = entry(objectID: nil, clientAppID: nil, tokenID: tokenID) { return found }
        }
        return nil
    }

    // MARK: Emergency access

    private var hasLostEmergencyAccess: Bool {
        guard user.extra["kube-entra.dev/emergency-access"] != nil else { return false }
        let entries = rules.policy.emergencyAccess.filter { $0.objectID == objectID }
        let inForce = entries.filter { now < $0.until }
        guard !inForce.isEmpty else { return true }
        // If one of several entries has ended, the groups that only it granted have ended too.
        for entry in entries where now >= entry.until {
            for group in entry.kubernetesGroups where carries(group) {
                guard !isGivenByEmergency(group), groupsGranting(group).isEmpty, !isGivenByAppRole(group) else {
                    continue
                }
                return true
            }
        }
        return false
    }

    // MARK: Membership

    private var hasLostMembership: Bool {
        guard let membership = known?.membership else { return false }
        return user.groups.contains { group in
            let granting = groupsGranting(group)
            // The directory was not asked about every group yet; an unknown one may grant it.
            guard !granting.isEmpty, granting.allSatisfy({ membership.contains($0) == false }) else { return false }
            return !isGivenByAppRole(group) && !isGivenByEmergency(group)
        }
    }

    /// The configured Entra groups that grant their members this Kubernetes group.
    private func groupsGranting(_ group: ExactText) -> [GUID] {
        let policy = rules.policy
        var granting: [GUID] = []
        if kubernetes.adminGroups.contains(group) { granting += policy.adminGroupObjectIDs }
        for mapping in policy.groupMappings where mapping.kubernetesGroups.contains(group) {
            granting.append(mapping.groupObjectID)
        }
        let (bytes, prefix) = (group.text.utf8, kubernetes.groupPrefix.utf8)
        if kubernetes.groupObjectIDs == .include, bytes.starts(with: prefix),
            let id = GUID(String(decoding: bytes.dropFirst(prefix.count), as: UTF8.self)),
            policy.configuredGroups.contains(id)
        {
            granting.append(id)
        }
        return granting
    }

    private func isGivenByAppRole(_ group: ExactText) -> Bool {
        rules.policy.appRoleMappings.contains { $0.kubernetesGroups.contains(group) }
    }

    private func isGivenByEmergency(_ group: ExactText) -> Bool {
        rules.policy.emergencyAccess.contains {
            $0.objectID == objectID && now < $0.until && $0.kubernetesGroups.contains(group)
        }
    }

    private func carries(_ group: ExactText) -> Bool { user.groups.contains(group) }
}
