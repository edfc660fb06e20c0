public import AccessPolicy
public import Entra
public import SafeText
public import Timestamps

/// The user of an access review: what an accepted token review reported, as the API server sends it back.
public struct ReviewedUser: Hashable, Sendable {
    /// The review's `spec.groups`.
    public var groups: [ExactText]
    /// The values of `spec.extra`, by name.
    public var extra: [ExactText: [String]]

    public init(groups: [String] = [], extra: [ExactText: [String]] = [:]) {
        self.groups = groups.map { ExactText($0) }
        self.extra = extra
    }

    /// The members of `extra` that decisions read.
    enum Member: String, CaseIterable {
        case objectID = "oid"
        case tenantID = "kube-entra.dev/tenant-id"
        case clientAppID = "kube-entra.dev/client-app-id"
        case issuedAt = "kube-entra.dev/token-issued-at"
        case emergencyAccess = "kube-entra.dev/emergency-access"
        case credentialID = "authentication.kubernetes.io/credential-id"
    }

    private static let readNames = Set(Member.allCases.map { ExactText($0.rawValue) })

    /// Whether a decision reads the member of `extra` with this name.
    public static func isRead(_ name: ExactText) -> Bool { readNames.contains(name) }

    subscript(_ member: Member) -> [String]? { extra[ExactText(member.rawValue)] }
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
    /// A sentence with more detail than the reason's own; nil if that one is enough.
    public let sentence: String?
}

extension RefusalReason {
    /// The hint for a principal whose older tokens are refused.
    ///
    /// - Parameter time: the time from which a new sign-in is accepted.
    public static func newSignInHint(_ time: Timestamp) -> String {
        "run `kubelogin remove-cache-dir` and sign in again: a new sign-in passes from \(time.rfc3339)"
    }

    /// The sentence with the time from which a new sign-in is accepted; nil without such a time.
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
        let evidence = ReviewEvidence(user)
        guard !evidence.objectIDs.isEmpty else { return nil }
        let tenantIDs = Set((user[.tenantID] ?? []).compactMap { GUID($0) })
        var found: AccessDenial?
        for tenant in rules.tenants where tenantIDs.contains(tenant.tenantID) {
            var review = AccessReview(evidence: evidence, tenant: tenant, now: now)
            // Every tenant that matches can deny; the reason with the highest precedence is the answer.
            guard let denial = review.denial(watch), found.map({ denial.reason < $0.reason }) ?? true else { continue }
            found = denial
        }
        return found
    }
}

/// What a review says about the sign-in, read once. Duplicate IDs are dropped: a user who may impersonate others can
/// repeat an ID as often as the body has room.
private struct ReviewEvidence {
    let objectIDs: [GUID]
    let clients: [GUID]
    let tokenIDs: [ExactText]
    let groups: [ExactText]
    /// The reasons of the emergency entries that the sign-in used; nil if it used none.
    let emergencyReasons: [ExactText]?
    /// The oldest time in the review. Nil, which counts as older than all others, if a time is missing or unreadable.
    let issuedAt: Timestamp?

    init(_ user: ReviewedUser) {
        func values(_ member: ReviewedUser.Member) -> [String] { user[member] ?? [] }
        objectIDs = values(.objectID).compactMap { GUID($0) }.onlyFirst
        clients = values(.clientAppID).compactMap { GUID($0) }.onlyFirst
        tokenIDs =
            values(.credentialID).compactMap { credential in
                // Bytes: an equals sign and a combining character after it are one character.
                credential.utf8.starts(with: "JTI=".utf8)
                    ? ExactText(String(Substring(credential.utf8.dropFirst(4)))) : nil
            }.onlyFirst
        groups = user.groups
        emergencyReasons = user[.emergencyAccess]?.map { ExactText($0) }
        let times = values(.issuedAt).map { Int64($0) }
        issuedAt =
            times.contains(nil)
            ? nil : times.compactMap { $0 }.min().map { Timestamp(secondsSinceEpoch: $0) }
    }
}

extension Array where Element: Hashable {
    /// Each element once, in the order of first occurrence.
    fileprivate var onlyFirst: [Element] {
        guard count > 1 else { return self }
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}

/// The review of a sign-in by the rules of one tenant.
private struct AccessReview {
    let evidence: ReviewEvidence
    let tenant: TenantIndex
    let now: Timestamp
    /// Computed only when the principal is watched.
    private lazy var givenByMembership = groupsOfMembership()
    /// Emergency entries by object ID; looked up when the sign-in used one.
    private lazy var emergencies = Dictionary(grouping: tenant.policy.emergencyAccess, by: \.objectID)

    init(evidence: ReviewEvidence, tenant: TenantIndex, now: Timestamp) {
        self.evidence = evidence
        self.tenant = tenant
        self.now = now
    }

    /// The first denial by precedence, of all object IDs.
    mutating func denial(_ watch: WatchFacts) -> AccessDenial? {
        if let first = evidence.objectIDs.first, let entry = entryOfFurtherValues() { return denied(first, entry) }
        var found: AccessDenial?
        for objectID in evidence.objectIDs {
            let known = tenant.watch == nil ? nil : watch.principal(objectID, tenantID: tenant.tenantID)
            guard let denial = denial(of: objectID, known), found.map({ denial.reason < $0.reason }) ?? true else {
                continue
            }
            found = denial
        }
        return found
    }

    private mutating func denial(of objectID: GUID, _ known: WatchedPrincipal?) -> AccessDenial? {
        // A sign-in has one object ID, one client application and one token ID.
        if let entry = entry(
            objectID: objectID, clientAppID: evidence.clients.first, tokenID: evidence.tokenIDs.first)
        {
            return denied(objectID, entry)
        }
        if let reason = known?.accountProblem(issuedAt: evidence.issuedAt) {
            return denied(
                objectID, reason, newSignInPasses: reason == .sessionsRevoked ? known?.account?.newSignInPasses : nil)
        }
        if hasLostEmergencyAccess(objectID) { return denied(objectID, .emergencyAccessEnded) }
        if let membership = known?.membership, hasLost(membership, objectID) {
            return denied(objectID, .membershipEnded)
        }
        return nil
    }

    private func denied(_ objectID: GUID, _ entry: DeniedEntry) -> AccessDenial {
        denied(objectID, .principalDenied, entry, newSignInPasses: entry.newSignInPasses)
    }

    private func denied(
        _ objectID: GUID, _ reason: RefusalReason, _ entry: DeniedEntry? = nil, newSignInPasses time: Timestamp? = nil
    ) -> AccessDenial {
        AccessDenial(
            reason: reason, tenantID: tenant.tenantID, objectID: objectID, denial: entry,
            sentence: reason.sentence(newSignInPasses: time))
    }

    // MARK: Deny list

    private func entry(objectID: GUID?, clientAppID: GUID?, tokenID: ExactText?) -> DeniedEntry? {
        tenant.denyList?.denial(
            of: DenyList.Token(
                objectID: objectID, clientAppID: clientAppID, tokenID: tokenID?.text, issuedAt: evidence.issuedAt),
            now: now)
    }

    /// The entry for a second or later application or token ID. Only a user who impersonates others can have sent
    /// these.
    private func entryOfFurtherValues() -> DeniedEntry? {
        guard tenant.denyList != nil else { return nil }
        for client in evidence.clients.dropFirst() {
            if let found = entry(objectID: nil, clientAppID: client, tokenID: nil) { return found }
        }
        for tokenID in evidence.tokenIDs.dropFirst() {
            if let found = entry(objectID: nil, clientAppID: nil, tokenID: tokenID) { return found }
        }
        return nil
    }

    // MARK: Emergency access

    private mutating func hasLostEmergencyAccess(_ objectID: GUID) -> Bool {
        guard let reasons = evidence.emergencyReasons else { return false }
        let entries = emergencies[objectID] ?? []
        let inForce = entries.filter { now < $0.until }
        guard !inForce.isEmpty else { return true }
        // If one of several entries has ended, so have the groups that only this entry granted. What a removed entry
        // granted is no longer known; a group that nothing grants now counts as one of its groups.
        let ended = entries.filter { now >= $0.until }
        let isOneGone = reasons.contains { reason in !entries.contains { ExactText($0.reason) == reason } }
        guard !ended.isEmpty || isOneGone else { return false }
        return evidence.groups.contains { group in
            (isOneGone && !tenant.grants.isGivenByItself(group)
                || ended.contains { $0.kubernetesGroups.contains(group) })
                && !inForce.contains { $0.kubernetesGroups.contains(group) } && !tenant.grants.isGivenByAppRole(group)
                && tenant.grants.groups(granting: group).isEmpty
        }
    }

    // MARK: Membership

    /// The review's groups that are granted by Entra groups alone, and these Entra groups.
    private func groupsOfMembership() -> [(group: ExactText, granting: [GUID])] {
        var found: [(group: ExactText, granting: [GUID])] = []
        for group in evidence.groups.onlyFirst {
            let granting = tenant.grants.groups(granting: group)
            // An object ID of the token itself stays a group, whatever else grants the same name.
            guard !granting.isEmpty, !tenant.grants.isGivenByAppRole(group), !tenant.grants.isGivenByItself(group)
            else { continue }
            found.append((group, granting))
        }
        return found
    }

    private mutating func hasLost(_ membership: WatchedPrincipal.Membership, _ objectID: GUID) -> Bool {
        givenByMembership.contains { group, granting in
            // The directory was not asked about every group yet; an unknown one may grant it.
            granting.allSatisfy { membership.contains($0) == false } && !isGivenByEmergency(group, objectID)
        }
    }

    private mutating func isGivenByEmergency(_ group: ExactText, _ objectID: GUID) -> Bool {
        (emergencies[objectID] ?? []).contains { now < $0.until && $0.kubernetesGroups.contains(group) }
    }
}
