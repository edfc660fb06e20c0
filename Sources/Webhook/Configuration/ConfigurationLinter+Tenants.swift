import AccessPolicy
import DirectoryGroups
import Entra
import SafeText
import Timestamps

extension ConfigurationLinter {
    mutating func lint(_ tenant: TenantSettings, at path: String) {
        lintGroups(tenant, path)
        lintEmergency(tenant, path)
        lintSubjects(tenant, path)
        lintDenied(tenant, path)
    }

    /// What an ID is known to be, other than a group or principal; nil if nothing is known.
    func otherMeaning(of id: GUID, in tenant: TenantSettings) -> String? {
        if configuration.tenants.contains(where: { $0.trust.tenantID == id }) { return "a tenant's ID" }
        let isApplication =
            tenant.trust.audiences.contains { GUID($0.text) == id } || tenant.trust.allowedClientAppIDs.contains(id)
            || tenant.directory?.clientID == id || KnownClaims.applications.contains(id)
        return isApplication ? "an application's ID" : nil
    }

    private mutating func lintGroups(_ tenant: TenantSettings, _ path: String) {
        var seen: Set<GUID> = []
        for (index, group) in tenant.policy.adminGroupObjectIDs.enumerated() {
            let field = "\(path).adminGroupObjectIDs[\(index)]"
            if let what = otherMeaning(of: group, in: tenant) {
                add(.groupIsNoGroup, field, "this is \(what), not a group's", "use the group's object ID")
            }
            if !seen.insert(group).inserted {
                add(.adminGroupTwice, field, "this group is listed twice", "remove one of them")
            }
        }
        var mapped: Set<GUID> = []
        for (index, mapping) in tenant.policy.groupMappings.enumerated() {
            let field = "\(path).groupMappings[\(index)]"
            if let what = otherMeaning(of: mapping.groupObjectID, in: tenant) {
                add(
                    .groupIsNoGroup, field + ".groupObjectID", "this is \(what), not a group's",
                    "use the group's object ID")
            }
            if !mapped.insert(mapping.groupObjectID).inserted {
                add(
                    .mappedTwice, field + ".groupObjectID", "this group is mapped twice",
                    "put all its groups into one entry")
            }
        }
        var roles: Set<ExactText> = []
        for (index, mapping) in tenant.policy.appRoleMappings.enumerated() {
            let field = "\(path).appRoleMappings[\(index)]"
            if !roles.insert(mapping.appRole).inserted {
                add(.mappedTwice, field + ".appRole", "this role is mapped twice", "put all its groups into one entry")
            }
        }
    }

    private mutating func lintEmergency(_ tenant: TenantSettings, _ path: String) {
        for (index, entry) in tenant.policy.emergencyAccess.enumerated() {
            let field = "\(path).emergencyAccess[\(index)]"
            let isGroup =
                tenant.policy.adminGroupObjectIDs.contains(entry.objectID)
                || tenant.policy.groupMappings.contains { $0.groupObjectID == entry.objectID }
            if let what = isGroup ? "a group's ID" : otherMeaning(of: entry.objectID, in: tenant) {
                add(
                    .objectIsNoObject, field + ".objectID", "this is \(what), not a user's or service principal's",
                    "use the object ID of the user, or of the application's service principal (enterprise application)")
            }
        }
    }

    private mutating func lintSubjects(_ tenant: TenantSettings, _ path: String) {
        guard !tenant.policy.adminGroupObjectIDs.isEmpty else { return }
        if tenant.trust.subjects.contains(.guest) {
            add(
                .guestsCanBeAdmins, "\(path).subjects", "a guest who is put into an admin group becomes admin",
                "leave guest out of subjects if that must not be")
        }
        if !tenant.trust.subjects.isDisjoint(with: [.app, .managedIdentity, .agent]) {
            add(
                .appsCanBeAdmins, "\(path).subjects", "an application that is put into an admin group becomes admin",
                "leave app, managedIdentity and agent out of subjects if that must not be")
        }
    }

    /// Whether a mapping makes people cluster admins.
    private func givesAdminGroups(_ policy: TenantPolicy) -> Bool {
        let groups =
            policy.groupMappings.flatMap(\.kubernetesGroups) + policy.appRoleMappings.flatMap(\.kubernetesGroups)
        return !Set(groups).isDisjoint(with: configuration.kubernetes.adminGroups)
    }

    mutating func lintTenantsTogether() {
        let tenants = configuration.tenants
        if tenants.allSatisfy({ $0.policy.adminGroupObjectIDs.isEmpty && !givesAdminGroups($0.policy) }) {
            add(
                .noAdmins, "tenants[0].adminGroupObjectIDs", "no group is an admin group, so nobody would be admin",
                "list the object ID of the admins' group")
        }
        for (index, tenant) in tenants.enumerated() {
            for (place, group) in tenant.policy.adminGroupObjectIDs.enumerated() {
                let others = tenants.indices.filter { $0 != index }
                for other in others
                where tenants[other].policy.groupMappings.contains(where: { $0.groupObjectID == group }) {
                    add(
                        .adminGroupTwice, "tenants[\(index)].adminGroupObjectIDs[\(place)]",
                        "this is an admin group here and a mapped group in tenants[\(other)]",
                        "a group belongs to one tenant: remove it from the other")
                }
                for other in others where other < index && tenants[other].policy.adminGroupObjectIDs.contains(group) {
                    add(
                        .adminGroupTwice, "tenants[\(index)].adminGroupObjectIDs[\(place)]",
                        "this group is an admin group of tenants[\(other)] as well",
                        "a group belongs to one tenant: remove it from the other")
                }
            }
        }
        if tenants.count > 1, configuration.kubernetes.username.isByUserPrincipalName {
            add(
                .userNamesCollide, "kubernetes.username", "users of several tenants are named by UPN",
                "set username: oid, so that no two people share a name")
        }
    }
}
