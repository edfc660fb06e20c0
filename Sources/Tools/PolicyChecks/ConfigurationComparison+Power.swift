internal import AccessPolicy
internal import Configuration
internal import EntraTokens
internal import Timestamps

extension ConfigurationComparison {
    /// Differences in what memberships, roles and emergencies give.
    func policy(_ old: TenantPolicy, _ new: TenantPolicy, _ collector: inout ChangeCollector) {
        collector.set("adminGroupObjectIDs", old.adminGroupObjectIDs, new.adminGroupObjectIDs) { group in
            (.gains, "members of group \(group) become cluster admins")
        } removed: { group in
            let others = new.groupMappings.filter { $0.groupObjectID == group }.flatMap(\.kubernetesGroups)
            let isStillAdmin = !Set(others).isDisjoint(with: self.new.configuration.kubernetes.adminGroups)
            return isStillAdmin
                ? (.changes, "members of group \(group) are cluster admins by a group mapping only")
                : (.loses, "members of group \(group) are no longer cluster admins")
        }
        mappings(
            "groupMappings", "members of group",
            merge(old.groupMappings.map { ($0.groupObjectID, $0.kubernetesGroups) }),
            merge(new.groupMappings.map { ($0.groupObjectID, $0.kubernetesGroups) }), &collector)
        mappings(
            "appRoleMappings", "holders of app role",
            merge(old.appRoleMappings.map { ($0.appRole, $0.kubernetesGroups) }),
            merge(new.appRoleMappings.map { ($0.appRole, $0.kubernetesGroups) }), &collector)
        emergencies(old.emergencyAccess, new.emergencyAccess, &collector)
    }

    private func merge<Key: Hashable>(_ mappings: [(Key, [String])]) -> [Key: Set<String>] {
        Dictionary(mappings.map { ($0, Set($1)) }) { $0.union($1) }
    }

    private func mappings<Key: Hashable & Comparable>(
        _ field: String,
        _ who: String,
        _ old: [Key: Set<String>],
        _ new: [Key: Set<String>],
        _ collector: inout ChangeCollector
    ) {
        for key in Set(old.keys).union(new.keys).sorted() {
            let before = old[key] ?? []
            let after = new[key] ?? []
            let gained = after.subtracting(before)
            let lost = before.subtracting(after)
            if !gained.isEmpty {
                let makesAdmins = !gained.isDisjoint(with: self.new.configuration.kubernetes.adminGroups)
                collector.add(
                    "\(field)[\(key)]", .gains,
                    "\(who) \(key) get Kubernetes \(list(gained))"
                        + (makesAdmins ? ", which makes them cluster admins" : ""),
                    before: before.isEmpty ? nil : names(before), after: names(after))
            }
            if !lost.isEmpty {
                let madeAdmins = !lost.isDisjoint(with: self.old.configuration.kubernetes.adminGroups)
                collector.add(
                    "\(field)[\(key)]", .loses,
                    "\(who) \(key) lose Kubernetes \(list(lost))"
                        + (madeAdmins ? ", which made them cluster admins" : ""),
                    before: names(before), after: after.isEmpty ? nil : names(after))
            }
        }
    }

    private func emergencies(
        _ old: [EmergencyEntry],
        _ new: [EmergencyEntry],
        _ collector: inout ChangeCollector
    ) {
        for id in Set((old + new).map(\.objectID)).sorted() {
            let before = Set(old.filter { $0.objectID == id })
            let after = Set(new.filter { $0.objectID == id })
            let gone = before.subtracting(after)
            let added = after.subtracting(before)
            let field = "emergencyAccess[\(id)]"
            if gone.count == 1, added.count == 1, let from = gone.first, let to = added.first {
                emergency(field, from, to, &collector)
                continue
            }
            for entry in added.sorted(by: { $0.until < $1.until }) {
                let isOver = entry.until <= now
                collector.add(
                    field, isOver ? .changes : .gains,
                    isOver
                        ? "object \(id) gets no emergency access from an entry that ended on \(entry.until.rfc3339)"
                        : "object \(id) gets emergency access to \(list(Set(entry.kubernetesGroups))) until"
                            + " \(entry.until.rfc3339)\(reason(entry))",
                    after: describe(entry))
            }
            for entry in gone.sorted(by: { $0.until < $1.until }) {
                let isOver = entry.until <= now
                collector.add(
                    field, isOver ? .changes : .loses,
                    isOver
                        ? "the entry for emergency access of object \(id) that ended on \(entry.until.rfc3339) is gone"
                        : "object \(id) loses emergency access to \(list(Set(entry.kubernetesGroups)))",
                    before: describe(entry))
            }
        }
    }

    private func emergency(
        _ field: String,
        _ old: EmergencyEntry,
        _ new: EmergencyEntry,
        _ collector: inout ChangeCollector
    ) {
        let id = new.objectID
        if old.until != new.until {
            let effect: PolicyChange.Effect =
                max(old.until, now) < max(new.until, now)
                ? .gains : max(old.until, now) > max(new.until, now) ? .loses : .changes
            collector.add(
                field, effect,
                "emergency access of object \(id) ends on \(new.until.rfc3339) instead of \(old.until.rfc3339)",
                before: old.until.rfc3339, after: new.until.rfc3339)
        }
        let gained = Set(new.kubernetesGroups).subtracting(old.kubernetesGroups)
        let lost = Set(old.kubernetesGroups).subtracting(new.kubernetesGroups)
        if !gained.isEmpty {
            collector.add(
                field, .gains, "object \(id) gets emergency access to \(list(gained))", after: names(gained))
        }
        if !lost.isEmpty {
            collector.add(field, .loses, "object \(id) loses emergency access to \(list(lost))", before: names(lost))
        }
        if old.reason != new.reason {
            collector.add(
                field, .changes, "the reason for the emergency access of object \(id) changes", before: old.reason,
                after: new.reason)
        }
    }

    private func reason(_ entry: EmergencyEntry) -> String {
        entry.reason.isEmpty ? "" : " (\(entry.reason))"
    }

    private func describe(_ entry: EmergencyEntry) -> String {
        "\(names(Set(entry.kubernetesGroups))) until \(entry.until.rfc3339)\(reason(entry))"
    }

    private func names(_ groups: Set<String>) -> String {
        groups.sorted().joined(separator: ", ")
    }

    private func list(_ groups: Set<String>) -> String {
        (groups.count == 1 ? "group " : "groups ") + names(groups)
    }
}
