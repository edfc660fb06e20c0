import AccessPolicy
import Configuration
import Entra
public import Jansson
public import RBAC
import SafeText

/// A permission that a change of the configuration grants or removes.
public struct PermissionChange: Sendable {
    /// Whether the permission is granted or removed.
    public enum Effect: String, Sendable {
        case gains
        case loses
    }

    /// Whether the permission is granted or removed.
    public var effect: Effect
    /// To whom it applies.
    public var holder: EntraHolder
    /// The permission.
    public var rule: PolicyRule
    /// The namespace; nil for everywhere.
    public var namespace: String?
    /// The paths that grant it, before or after the change.
    public var paths: [AccessPath]

    var json: JSON {
        var members: [(String, JSON)] = [
            ("effect", .string(effect.rawValue)), ("kind", .string(holder.kind.rawValue)),
            ("tenantID", JSON(holder.tenantID?.description)),
        ]
        switch holder.kind {
        case .appRole: members.append(("appRole", JSON(holder.appRole)))
        case .user: members.append(("username", JSON(holder.username)))
        case .group, .emergencyAccess, .everybody: members.append(("objectID", JSON(holder.objectID?.description)))
        }
        members += rule.jsonMembers
        members += [("namespace", JSON(namespace)), ("paths", .array(paths.map(\.json)))]
        return .object(members)
    }
}

/// Compares what two configurations grant in one cluster. Permissions that another path or another wording also grants
/// are equal.
public struct PermissionDiff: Sendable {
    /// Changes in the order of the holders.
    public var changes: [PermissionChange]
    /// What was read of the cluster, and of the cluster after the change if there are two.
    public var inputs: [ClusterInput]

    /// Compares two configurations, and two states of the cluster.
    ///
    /// - Parameter clusterAfter: the cluster's objects after the change; nil if they stay the same.
    public init(from old: EntraNames, to new: EntraNames, cluster: Cluster, clusterAfter: Cluster? = nil) {
        let before = PermissionComparison.Side(old, SubjectIndex(cluster))
        let after = PermissionComparison.Side(new, clusterAfter.map { SubjectIndex($0) } ?? before.index)
        changes = PermissionComparison(before: before, after: after, isSameCluster: clusterAfter == nil).changes
        inputs = [cluster.input] + (clusterAfter.map { [$0.input] } ?? [])
    }

    /// The bindings that were not compared because their roles were not read, for people; without duplicates.
    var remarks: [String] {
        let all = inputs.compactMap(\.missingRolesRemark)
        return all.indices.filter { !all[..<$0].contains(all[$0]) }.map { all[$0] }
    }

    /// The changes for programs.
    public var json: JSON { .array(changes.map(\.json)) }
}

private struct PermissionComparison {
    /// A configuration and a cluster together.
    struct Side {
        let names: EntraNames
        let index: SubjectIndex
        /// What everybody who signed in can do.
        let everybody: RuleCollector

        init(_ names: EntraNames, _ index: SubjectIndex) {
            self.names = names
            self.index = index
            var collector = RuleCollector(separatesNamespaces: true)
            index.collect(group: EntraNames.everybody, into: &collector)
            everybody = collector
        }
    }

    let before: Side
    let after: Side
    /// Whether only the configurations differ. Then the same names have the same permissions.
    let isSameCluster: Bool

    var changes: [PermissionChange] {
        // A permission that everybody has already is not a gain; if everybody gains or loses it, that is one change.
        let everybody = isSameCluster ? [after.everybody] : [before.everybody, after.everybody]
        return holders.flatMap { holder in
            let oldNames = names(of: holder, before.names)
            let newNames = names(of: holder, after.names)
            guard !isSameCluster || oldNames != newNames else { return [PermissionChange]() }
            let had = collect(oldNames, before.index)
            let has = collect(newNames, after.index)
            let ofOthers = holder.kind == .everybody ? [] : everybody
            return difference(.gains, holder, has, against: [had] + ofOthers)
                + difference(.loses, holder, had, against: [has] + ofOthers)
        }
    }

    /// Everybody to whom either side can grant something, in the order for people.
    private var holders: [EntraHolder] {
        let sides = [before, after]
        var found: [EntraHolder.Identity: EntraHolder] = [:]
        for grant in sides.flatMap(\.names.grants) { found[grant.holder.identity] = grant.holder }
        let known = Set(found.values.filter { $0.kind == .group }.compactMap(\.objectID))
        let indices = isSameCluster ? [before.index] : sides.map(\.index)
        for name in indices.flatMap(\.groups) {
            for id in sides.compactMap({ $0.names.objectID(ofGroup: name) }) where !known.contains(id) {
                let holder = EntraHolder(.group, objectID: id)
                found[holder.identity] = holder
            }
        }
        for name in indices.flatMap(\.users) {
            for holder in sides.compactMap({ $0.names.holder(ofUser: name) }) { found[holder.identity] = holder }
        }
        return found.values.sorted(by: EntraHolder.precedes) + (isSameCluster ? [] : [EntraHolder(.everybody)])
    }

    /// A holder's names under a configuration.
    private struct Names: Equatable {
        var groups: Set<ExactText> = []
        var user: ExactText?
    }

    private func names(of holder: EntraHolder, _ configuration: EntraNames) -> Names {
        var names = Names()
        for grant in configuration.grants where grant.holder.identity == holder.identity {
            names.groups.formUnion(grant.kubernetesGroups)
        }
        switch holder.kind {
        case .group:
            let isKnown = holder.tenantID.map { configuration.admits(tenant: $0) } ?? true
            if isKnown, let name = holder.objectID.flatMap({ configuration.groupName(ofObjectID: $0) }) {
                names.groups.insert(ExactText(name))
            }
        case .user:
            if let name = holder.username, configuration.isGiven(user: name) { names.user = ExactText(name) }
        case .everybody: names.groups.insert(ExactText(EntraNames.everybody))
        case .appRole, .emergencyAccess: break
        }
        return names
    }

    private func collect(_ names: Names, _ index: SubjectIndex) -> RuleCollector {
        var collector = RuleCollector(separatesNamespaces: true)
        let groups = names.groups.map(\.text).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        for group in groups { index.collect(group: group, into: &collector) }
        if let user = names.user { index.collect(user: user.text, into: &collector) }
        return collector
    }

    private func difference(
        _ effect: PermissionChange.Effect, _ holder: EntraHolder, _ side: RuleCollector,
        against others: [RuleCollector]
    ) -> [PermissionChange] {
        var rules: [ExactText?: [PolicyRule]] = [:]
        return side.keys.compactMap { key in
            guard !others.contains(where: { $0.holds(key) }) else { return nil }
            let known = rules[key.namespace] ?? others.flatMap { $0.rules(in: key.namespace) }
            rules[key.namespace] = known
            guard !key.rule.isCovered(by: known) else { return nil }
            return PermissionChange(
                effect: effect, holder: holder, rule: key.rule, namespace: key.namespace?.text,
                paths: side.paths(of: key))
        }
    }
}

extension RuleCollector {
    /// The rules that apply in a namespace, including those that apply everywhere.
    fileprivate func rules(in namespace: ExactText?) -> [PolicyRule] {
        keys.filter { $0.namespace == nil || $0.namespace == namespace }.map(\.rule)
    }
}

extension PolicyRule {
    /// Rules with more single permissions are not compared one by one.
    private static let maximumPermissions = 100_000

    /// Whether other rules together allow everything that this rule allows.
    func isCovered(by others: [PolicyRule]) -> Bool {
        let names = resourceNames.isEmpty ? [""] : resourceNames
        let count = verbs.count * (apiGroups.count * resources.count * names.count + nonResourceURLs.count)
        guard count <= PolicyRule.maximumPermissions else { return false }
        // A rule that is limited to names does not cover a rule for all names.
        let candidates = resourceNames.isEmpty ? others.filter(\.resourceNames.isEmpty) : others
        for verb in verbs {
            for group in apiGroups {
                for resource in resources {
                    let parts = resource.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
                    for name in names {
                        let question = AccessQuestion.resource(
                            verb: verb, group: group, resource: String(parts.first ?? ""),
                            subresource: parts.count > 1 ? String(parts[1]) : "", name: name)
                        guard candidates.contains(where: { $0.allows(question) }) else { return false }
                    }
                }
            }
            for url in nonResourceURLs {
                guard others.contains(where: { $0.allows(.path(verb: verb, path: url)) }) else { return false }
            }
        }
        return true
    }
}

extension EntraNames {
    func admits(tenant: GUID) -> Bool { configuration.tenants.contains { $0.trust.tenantID == tenant } }

    /// The Kubernetes group for an Entra group's own object ID.
    func groupName(ofObjectID id: GUID) -> String? {
        let name = configuration.kubernetes.groupPrefix + id.description
        return objectID(ofGroup: name) == nil ? nil : name
    }
}
