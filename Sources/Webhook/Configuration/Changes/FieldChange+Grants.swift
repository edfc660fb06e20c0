import AccessPolicy
import Entra
import SafeText

/// Names, compared byte by byte as in RBAC.
typealias NameSet = Set<ExactText>

extension NameSet {
    init(names: some Sequence<String>) { self.init(names.map { ExactText($0) }) }

    var names: String { sorted().map(\.text).joined(separator: ", ") }

    /// `group a` or `groups a, b`.
    var groups: String { (count == 1 ? "group " : "groups ") + names }
}

extension ChangeContext {
    fileprivate var oldAdminGroups: NameSet { NameSet(old.configuration.kubernetes.adminGroups) }
    fileprivate var newAdminGroups: NameSet { NameSet(new.configuration.kubernetes.adminGroups) }

    /// Whether a mapping of the new configuration makes the group's members cluster admins.
    fileprivate func isStillAdmin(_ group: GUID) -> Bool {
        let mappings = new.configuration.tenants.flatMap(\.policy.groupMappings)
        let given = mappings.filter { $0.groupObjectID == group }.flatMap(\.kubernetesGroups)
        return !NameSet(given).isDisjoint(with: newAdminGroups)
    }
}

extension FieldChange where Value == [GUID] {
    static var adminGroups: Self {
        FieldChange { name, old, new, collector, context in
            collector.set(name, old, new) { group in
                (.gains, "members of group \(group) become cluster admins")
            } removed: { group in
                context.isStillAdmin(group)
                    ? (.changes, "members of group \(group) are cluster admins by a group mapping only")
                    : (.loses, "members of group \(group) are no longer cluster admins")
            }
        }
    }
}

extension FieldChange where Value == [GroupMapping] {
    static var groupMappings: Self {
        FieldChange { name, old, new, collector, context in
            mappings(
                name, "members of group", old.map { ($0.groupObjectID, $0.kubernetesGroups) },
                new.map { ($0.groupObjectID, $0.kubernetesGroups) }, &collector, context)
        }
    }
}

extension FieldChange where Value == [AppRoleMapping] {
    static var appRoleMappings: Self {
        FieldChange { name, old, new, collector, context in
            mappings(
                name, "holders of app role", old.map { ($0.appRole, $0.kubernetesGroups) },
                new.map { ($0.appRole, $0.kubernetesGroups) }, &collector, context)
        }
    }
}

private func mappings<Key: Hashable & Comparable>(
    _ field: String,
    _ who: String,
    _ old: [(Key, [ExactText])],
    _ new: [(Key, [ExactText])],
    _ collector: inout ChangeCollector,
    _ context: ChangeContext
) {
    let old = Dictionary(old.map { ($0, NameSet($1)) }) { $0.union($1) }
    let new = Dictionary(new.map { ($0, NameSet($1)) }) { $0.union($1) }
    for key in Set(old.keys).union(new.keys).sorted() {
        let before = old[key] ?? []
        let after = new[key] ?? []
        let gained = after.subtracting(before)
        let lost = before.subtracting(after)
        if !gained.isEmpty {
            let makesAdmins = !gained.isDisjoint(with: context.newAdminGroups)
            collector.add(
                "\(field)[\(key)]", .gains,
                "\(who) \(key) get Kubernetes \(gained.groups)"
                    + (makesAdmins ? ", which makes them cluster admins" : ""),
                before: before.isEmpty ? nil : before.names, after: after.names)
        }
        if !lost.isEmpty {
            let madeAdmins = !lost.isDisjoint(with: context.oldAdminGroups)
            collector.add(
                "\(field)[\(key)]", .loses,
                "\(who) \(key) lose Kubernetes \(lost.groups)"
                    + (madeAdmins ? ", which made them cluster admins" : ""),
                before: before.names, after: after.isEmpty ? nil : after.names)
        }
    }
}
