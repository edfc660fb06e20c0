public import EntraTokens
public import Timestamps

/// Maps a principal to a Kubernetes user.
public enum AccessPolicy {
    /// What a principal becomes; nil when its user name would be reserved.
    public static func decide(
        _ principal: EntraPrincipal,
        tenant: TenantPolicy,
        kubernetes: KubernetesPolicy,
        now: Timestamp
    ) -> AccessDecision? {
        let username = username(of: principal, kubernetes)
        guard !isReserved(username) else { return nil }

        let memberships = Set(principal.groups)
        var collector = GrantCollector()
        let admins = tenant.adminGroupObjectIDs.filter(memberships.contains)
        for group in admins {
            collector.add(.adminGroup, matched: group.description, gives: kubernetes.adminGroups)
        }
        for mapping in tenant.groupMappings where memberships.contains(mapping.groupObjectID) {
            collector.add(.groupMapping, matched: mapping.groupObjectID.description, gives: mapping.kubernetesGroups)
        }
        if !tenant.appRoleMappings.isEmpty {
            // Byte by byte: to `==` some characters are the same as others.
            let roles = Set(principal.roles.map { Array($0.utf8) })
            for mapping in tenant.appRoleMappings where roles.contains(Array(mapping.appRole.utf8)) {
                collector.add(.appRoleMapping, matched: mapping.appRole, gives: mapping.kubernetesGroups)
            }
        }
        let emergencies = tenant.emergencyAccess.filter { $0.objectID == principal.objectID && now < $0.until }
        for entry in emergencies {
            collector.add(.emergencyAccess, matched: entry.objectID.description, gives: entry.kubernetesGroups)
        }
        let givesAdminGroup = collector.groups.contains { kubernetes.adminGroups.contains($0) }
        if kubernetes.groupObjectIDs == .include {
            for group in principal.groups {
                let name = group.description
                let prefixed = kubernetes.groupPrefix.isEmpty ? name : kubernetes.groupPrefix + name
                // Only a configured name may be reserved, and this one was not written by the administrator.
                guard !isReserved(prefixed) else { continue }
                collector.add(.groupObjectID, matched: name, gives: [prefixed])
            }
        }
        let user = KubernetesUser(
            username: username,
            uid: principal.objectID.description,
            groups: collector.groups,
            extra: extra(of: principal, admins: admins, emergencies: emergencies)
        )
        return AccessDecision(
            user: user,
            isAdmin: !admins.isEmpty || givesAdminGroup,
            emergencyReason: emergencies.first?.reason,
            because: collector.grants
        )
    }

    /// Whether an emergency entry for this principal is in force.
    public static func hasEmergencyAccess(_ objectID: GUID, tenant: TenantPolicy, now: Timestamp) -> Bool {
        tenant.emergencyAccess.contains { $0.objectID == objectID && now < $0.until }
    }

    private static func username(of principal: EntraPrincipal, _ kubernetes: KubernetesPolicy) -> String {
        guard kubernetes.username == .upn, principal.kind == .user,
            let name = principal.userPrincipalName, !name.isEmpty,
            // A name in the form of an object ID could be taken for somebody else.
            GUID(name) == nil
        else { return kubernetes.usernamePrefix + principal.objectID.description }
        return kubernetes.usernamePrefix + name
    }

    private static func isReserved(_ name: String) -> Bool {
        name.utf8.starts(with: "system:".utf8)
    }

    private static func extra(
        of principal: EntraPrincipal,
        admins: [GUID],
        emergencies: [EmergencyEntry]
    ) -> [ExtraEntry] {
        var extra = [
            ExtraEntry(name: "oid", values: [principal.objectID.description]),
            ExtraEntry(name: "kube-entra.dev/tenant-id", values: [principal.tenantID.description]),
        ]
        if let client = principal.clientAppID {
            extra.append(ExtraEntry(name: "kube-entra.dev/client-app-id", values: [client]))
        }
        extra.append(ExtraEntry(name: "kube-entra.dev/subject-kind", values: [principal.kind.rawValue]))
        if !admins.isEmpty {
            extra.append(
                ExtraEntry(name: "kube-entra.dev/admin-group-object-id", values: admins.map(\.description)))
        }
        if !emergencies.isEmpty {
            extra.append(ExtraEntry(name: "kube-entra.dev/emergency-access", values: emergencies.map(\.reason)))
        }
        if let tokenID = principal.tokenID, !tokenID.isEmpty {
            extra.append(ExtraEntry(name: "authentication.kubernetes.io/credential-id", values: ["JTI=" + tokenID]))
        }
        return extra
    }
}

/// Collects groups without repetition in the order of the rules.
private struct GrantCollector {
    private(set) var groups: [String] = []
    private(set) var grants: [Grant] = []
    private var seen: Set<String> = []

    mutating func add(_ rule: Grant.Rule, matched: String, gives: [String]) {
        for group in gives where seen.insert(group).inserted { groups.append(group) }
        grants.append(Grant(rule: rule, matched: matched, gives: gives))
    }
}
