internal import AccessPolicy
internal import EntraTokens
internal import Timestamps

extension ConfigurationLinter {
    mutating func lint(_ tenant: TenantSettings, at path: String) {
        lintAudiences(tenant, path)
        lintGroups(tenant, path)
        lintEmergency(tenant, path)
        lintSubjects(tenant, path)
        for required in tenant.trust.requiredClaims where !KnownClaims.contains(required.claim) {
            add(
                .unknownClaim, "\(path).requiredClaims.\(required.claim)",
                "no access token of Entra is known to carry this claim", "check its spelling; nobody could sign in")
        }
        if tenant.trust.groupOverage == .ignore {
            add(
                .overageIgnored, "\(path).groupOverage", "who is in more than 200 groups signs in without any of them",
                "that may be meant: they are no admins then")
        }
        if tenant.directory != nil, tenant.trust.groupOverage != .resolve {
            add(
                .directoryUnused, "\(path).directory",
                "groupOverage is \(tenant.trust.groupOverage.rawValue), so nobody is asked",
                "set groupOverage: resolve, or remove directory")
        }
        if tenant.trust.maximumTokenLifetime < 90 * 60 {
            add(
                .lifetimeTooShort, "\(path).maximumTokenLifetime",
                "Entra's ordinary tokens are valid for 60 to 90 minutes, so that most are refused",
                "set it to 29h, which takes the long ones of managed identities too")
        }
        lintDirectory(tenant, path)
        lintKeys(tenant.signingKeys, path)
    }

    private mutating func lintDirectory(_ tenant: TenantSettings, _ path: String) {
        guard let directory = tenant.directory else { return }
        if directory.timeout > configuration.limits.reviewDeadline {
            add(
                .timeoutOverDeadline, "\(path).directory.timeout",
                "a review ends after \(DurationText.render(configuration.limits.reviewDeadline)), before this timeout",
                "make it shorter than limits.reviewDeadline")
        }
        if directory.cacheFor > .seconds(3600) {
            add(
                .groupsKeptLong, "\(path).directory.cacheFor",
                "who leaves a group stays in it for \(DurationText.render(directory.cacheFor))", "set it to 5m")
        }
        if directory.staleFor > .seconds(86_400) {
            add(
                .groupsKeptLong, "\(path).directory.staleFor",
                "while Graph is away, old answers hold for \(DurationText.render(directory.staleFor))",
                "set it to a few hours at most")
        }
    }

    /// What an ID stands for when it is no group's or principal's; nil when nothing is known against it.
    private func otherMeaning(of id: GUID, in tenant: TenantSettings) -> String? {
        if configuration.tenants.contains(where: { $0.trust.tenantID == id }) { return "a tenant's ID" }
        let isApplication =
            tenant.trust.audiences.contains { GUID($0) == id } || tenant.trust.allowedClientAppIDs.contains(id)
            || tenant.directory?.clientID == id || KnownClaims.applications.contains(id)
        return isApplication ? "an application's ID" : nil
    }

    private mutating func lintAudiences(_ tenant: TenantSettings, _ path: String) {
        let shared = [
            "6dae42f8-4368-4678-94ff-3960e28e3630": "AKS", "6256c85f-0aad-4d50-b960-e6e9b21efe35": "Arc-enabled",
        ]
        for (index, audience) in tenant.trust.audiences.enumerated() {
            let bare = audience.hasPrefix("spn:") ? String(audience.dropFirst(4)) : audience
            guard let kind = shared[bare.lowercased()] else { continue }
            add(
                .sharedAudience, "\(path).audiences[\(index)]",
                "every \(kind) cluster of the tenant takes tokens for this application, so one cluster's can be used at another",
                "register an application for this cluster and use its ID")
        }
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
            lint(given: mapping.kubernetesGroups, field)
        }
        var roles: Set<String> = []
        for (index, mapping) in tenant.policy.appRoleMappings.enumerated() {
            let field = "\(path).appRoleMappings[\(index)]"
            if !roles.insert(mapping.appRole).inserted {
                add(.mappedTwice, field + ".appRole", "this role is mapped twice", "put all its groups into one entry")
            }
            lint(given: mapping.kubernetesGroups, field)
        }
    }

    mutating func lint(given groups: [String], _ path: String, list: String = "kubernetesGroups") {
        for (index, group) in groups.enumerated() {
            let field = "\(path).\(list)[\(index)]"
            if group == "system:masters" {
                add(
                    .systemMasters, field, "system:masters is above RBAC: nothing can take it away or limit it",
                    "use a group of your own and bind it to cluster-admin")
            }
            let kubernetes = configuration.kubernetes
            if kubernetes.groupObjectIDs == .include, group.hasPrefix(kubernetes.groupPrefix),
                GUID(String(group.dropFirst(kubernetes.groupPrefix.count))) != nil
            {
                add(
                    .groupCanBeImitated, field,
                    "members of the Entra group with this object ID get the same Kubernetes group by themselves",
                    "use a name that is no object ID, or another groupPrefix")
            }
        }
    }

    private mutating func lintEmergency(_ tenant: TenantSettings, _ path: String) {
        for (index, entry) in tenant.policy.emergencyAccess.enumerated() {
            let field = "\(path).emergencyAccess[\(index)]"
            if entry.until <= facts.now {
                add(
                    .emergencyExpired, field + ".until", "this access ended at \(entry.until.rfc3339)",
                    "remove the entry")
            } else if entry.until > facts.now.adding(seconds: 24 * 3600) {
                add(
                    .emergencyTooLong, field + ".until", "this access lasts for more than 24 hours",
                    "end it sooner; who needs it for longer belongs in a group")
            }
            if entry.reason.isEmpty {
                add(.emergencyWithoutReason, field, "this access has no reason", "say why, for the audit log")
            }
            let isGroup =
                tenant.policy.adminGroupObjectIDs.contains(entry.objectID)
                || tenant.policy.groupMappings.contains { $0.groupObjectID == entry.objectID }
            if let what = isGroup ? "a group's ID" : otherMeaning(of: entry.objectID, in: tenant) {
                add(
                    .objectIsNoObject, field + ".objectID", "this is \(what), not a user's or service principal's",
                    "use the object ID of the user, or of the application's service principal (enterprise application)")
            }
            lint(given: entry.kubernetesGroups, field)
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

    private mutating func lintKeys(_ keys: SigningKeySettings, _ path: String) {
        let field = "\(path).signingKeys"
        if let file = keys.file {
            if let time = facts.keyFileTimes[file], time < facts.now.adding(seconds: -30 * 86_400) {
                add(
                    .offlineKeysAreOld, field + ".file",
                    "these keys are from \(time.rfc3339); Entra has probably changed its own",
                    "fetch them again with `kube-entra keys fetch`")
            }
            return
        }
        if keys.maximumAge > .seconds(7 * 86_400) {
            add(
                .keysKeptLong, field + ".maximumAge",
                "a key that Entra took back can be used for \(DurationText.render(keys.maximumAge)) more",
                "set it to 24h: long enough for an outage of Entra")
        }
        if keys.maximumAge < keys.refreshEvery * 2 {
            add(
                .keysAgeTooFast, field + ".maximumAge", "one failed refresh locks everybody out",
                "make maximumAge several times refreshEvery")
        }
        if keys.refreshEvery < .seconds(300) {
            add(
                .refreshTooOften, field + ".refreshEvery",
                "keys are fetched every \(DurationText.render(keys.refreshEvery))",
                "an hour is enough: unknown keys are fetched at once anyway")
        }
        if keys.unknownKeyRefreshInterval < .seconds(30) {
            add(
                .refreshTooOften, field + ".unknownKeyRefreshInterval",
                "forged tokens can cause a fetch every \(DurationText.render(keys.unknownKeyRefreshInterval))",
                "set it to 5m")
        }
    }

    /// Whether a mapping makes admins.
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
