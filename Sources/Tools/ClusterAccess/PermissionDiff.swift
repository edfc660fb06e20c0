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
    /// What was read of the cluster.
    public var input: ClusterInput

    /// Compares two configurations.
    public init(from old: EntraNames, to new: EntraNames, cluster: Cluster) {
        changes = PermissionComparison(old: old, new: new, index: SubjectIndex(cluster)).changes
        input = cluster.input
    }

    /// The changes for programs.
    public var json: JSON { .array(changes.map(\.json)) }
}

private struct PermissionComparison {
    let old: EntraNames
    let new: EntraNames
    let index: SubjectIndex

    var changes: [PermissionChange] {
        // A permission that everybody has already is not a gain.
        var everybody = RuleCollector(separatesNamespaces: true)
        index.collect(group: EntraNames.everybody, into: &everybody)
        return holders.flatMap { holder in
            let before = names(of: holder, old)
            let after = names(of: holder, new)
            guard before != after else { return [PermissionChange]() }
            let had = collect(before)
            let has = collect(after)
            return difference(.gains, holder, has, against: [had, everybody])
                + difference(.loses, holder, had, against: [has, everybody])
        }
    }

    /// Everybody to whom either configuration can grant something, in the order for people.
    private var holders: [EntraHolder] {
        var found: [EntraHolder.Identity: EntraHolder] = [:]
        for grant in old.grants + new.grants { found[grant.holder.identity] = grant.holder }
        let known = Set(found.values.filter { $0.kind == .group }.compactMap(\.objectID))
        for name in index.groups {
            for id in [old, new].compactMap({ $0.objectID(ofGroup: name) }) where !known.contains(id) {
                let holder = EntraHolder(.group, objectID: id)
                found[holder.identity] = holder
            }
        }
        for name in index.users {
            for holder in [old, new].compactMap({ $0.holder(ofUser: name) }) { found[holder.identity] = holder }
        }
        return found.values.sorted(by: EntraHolder.precedes)
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
        case .appRole, .emergencyAccess, .everybody: break
        }
        return names
    }

    private func collect(_ names: Names) -> RuleCollector {
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
