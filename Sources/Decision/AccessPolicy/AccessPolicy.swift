public import Entra
import SafeText
public import Timestamps

/// Maps a principal to a Kubernetes user.
public enum AccessPolicy {
    /// The principal's access; nil if its user name would be reserved.
    ///
    /// - Parameter explains: whether to record which rules granted access. Answers to the API server don't need it.
    public static func decide(
        _ principal: EntraPrincipal,
        tenant: TenantPolicy,
        kubernetes: KubernetesPolicy,
        now: Timestamp,
        explains: Bool = true
    ) -> AccessDecision? {
        decide(principal, by: AccessRules(tenant: tenant, kubernetes: kubernetes), now: now, explains: explains)
    }

    /// The principal's access; nil if its user name would be reserved.
    ///
    /// - Parameter explains: whether to record which rules granted access. Answers to the API server don't need it.
    package static func decide(
        _ principal: EntraPrincipal, by rules: AccessRules, now: Timestamp, explains: Bool
    ) -> AccessDecision? {
        let username = username(of: principal, rules)
        guard !isReserved(username) else { return nil }

        var collector = GrantCollector(explains: explains)
        var admins: [GUID] = []
        for rule in rules.tenant.index.matches(
            principal.groups, admins: rules.tenant.adminGroupObjectIDs, mappings: rules.tenant.groupMappings)
        {
            if rule < rules.tenant.adminGroupObjectIDs.count {
                let group = rules.tenant.adminGroupObjectIDs[rule]
                admins.append(group)
                collector.add(.adminGroup, matched: group.description, gives: rules.kubernetes.adminGroups)
            } else {
                let mapping = rules.tenant.groupMappings[rule - rules.tenant.adminGroupObjectIDs.count]
                collector.add(
                    .groupMapping, matched: mapping.groupObjectID.description, gives: mapping.kubernetesGroups)
            }
        }
        if !rules.tenant.appRoleMappings.isEmpty {
            let roles = Set(principal.roles)
            for mapping in rules.tenant.appRoleMappings where roles.contains(mapping.appRole) {
                collector.add(.appRoleMapping, matched: mapping.appRole.text, gives: mapping.kubernetesGroups)
            }
        }
        let emergencies = rules.tenant.emergencyAccess.filter { $0.objectID == principal.objectID && now < $0.until }
        for entry in emergencies {
            collector.add(.emergencyAccess, matched: entry.objectID.description, gives: entry.kubernetesGroups)
        }
        let givesAdminGroup = collector.gives(anyOf: rules.kubernetes.adminGroups) || collector.gives(masters)
        if rules.kubernetes.groupObjectIDs == .include {
            collector.add(objectIDs: principal.groups, prefix: rules.kubernetes.groupPrefix)
        }
        let user = KubernetesUser(
            username: username,
            groups: collector.groups,
            objectIDGroups: collector.objectIDs,
            objectIDPrefix: rules.kubernetes.groupPrefix,
            facts: PrincipalFacts(
                objectID: principal.objectID,
                tenantID: principal.tenantID,
                issuedAt: principal.issuedAt,
                clientAppID: principal.clientAppID,
                kind: principal.kind,
                adminGroups: admins,
                emergencyReasons: emergencies.map(\.reason),
                tokenID: principal.tokenID
            )
        )
        return AccessDecision(
            user: user,
            isAdmin: !admins.isEmpty || givesAdminGroup,
            because: collector.grants
        )
    }

    /// The group for which Kubernetes does not ask RBAC: its members are admins under every configuration.
    private static let masters = ExactText("system:masters")

    /// Whether an emergency entry for this principal is in force.
    public static func hasEmergencyAccess(_ objectID: GUID, by entries: [EmergencyEntry], now: Timestamp) -> Bool {
        entries.contains { $0.objectID == objectID && now < $0.until }
    }

    private static func username(of principal: EntraPrincipal, _ rules: AccessRules) -> String {
        guard rules.kubernetes.username.isByUserPrincipalName, principal.kind == .user,
            let name = principal.userPrincipalName, !name.isEmpty,
            // A user name with the form of an object ID could be mistaken for another principal.
            GUID(name) == nil
        else { return rules.kubernetes.usernamePrefix + principal.objectID.description }
        return rules.kubernetes.usernamePrefix + (rules.kubernetes.username == .upnLowercase ? lowercased(name) : name)
    }

    /// Only A–Z: the lower case of other letters depends on the Unicode version, and a user name must never change.
    private static func lowercased(_ name: String) -> String {
        String(decoding: name.utf8.map { (65...90).contains($0) ? $0 + 32 : $0 }, as: UTF8.self)
    }

    /// Whether Kubernetes reserves a user or group name: it starts with `system:`, compared byte by byte.
    public static func isReserved(_ name: String) -> Bool {
        name.utf8.starts(with: "system:".utf8)
    }
}

/// Collects groups without duplicates, in the order of the rules.
private struct GrantCollector {
    let explains: Bool
    private(set) var groups: [String] = []
    /// Object IDs that become Kubernetes groups of their own.
    private(set) var objectIDs: [GUID] = []
    private(set) var grants: [Grant] = []
    /// All groups, once there are too many to compare one by one; empty before that.
    private var seen: Set<ExactText> = []
    /// Up to this number, comparing one by one costs less than a set.
    private static let comparedCount = 8

    init(explains: Bool) {
        self.explains = explains
    }

    mutating func add(_ rule: Grant.Rule, matched: @autoclosure () -> String, gives: [ExactText]) {
        for group in gives where !self.gives(group) {
            groups.append(group.text)
            if groups.count > Self.comparedCount {
                if seen.isEmpty { seen = Set(groups.map { ExactText($0) }) } else { seen.insert(group) }
            }
        }
        if explains { grants.append(Grant(rule: rule, matched: matched(), gives: gives.map(\.text))) }
    }

    func gives(_ group: ExactText) -> Bool {
        seen.isEmpty ? groups.contains { ExactText($0) == group } : seen.contains(group)
    }

    func gives(anyOf groups: [ExactText]) -> Bool {
        groups.contains { gives($0) }
    }

    /// Adds object IDs. They have no duplicates among themselves, but one may equal a configured name.
    mutating func add(objectIDs added: [GUID], prefix: String) {
        // Only the administrator may grant a reserved group, and tokens supply these IDs. A prefix that is only a part
        // of `system:` stays harmless, because no object ID completes it.
        guard !AccessPolicy.isReserved(prefix) else { return }
        let length = prefix.utf8.count + 36
        let mayRepeat = groups.contains { $0.utf8.count == length }
        objectIDs = mayRepeat ? added.filter { !gives(ExactText(prefix + $0.description)) } : added
        guard explains else { return }
        for objectID in added {
            let name = objectID.description
            grants.append(Grant(rule: .groupObjectID, matched: name, gives: [prefix + name]))
        }
    }
}
