import Jansson
public import RBAC
import SafeText

/// A rule that applies to somebody, with every path to it.
public struct HeldRule: Sendable {
    /// The rule of the role.
    public var rule: PolicyRule
    /// At least one path, in the order of discovery.
    public var paths: [AccessPath]
}

/// Collects rules without duplicates.
struct RuleCollector {
    struct Key: Hashable {
        let rule: PolicyRule
        /// Nil if the namespace does not matter, or for rules that apply everywhere.
        let namespace: ExactText?
    }

    /// Whether the same rule in another namespace counts as another rule.
    let separatesNamespaces: Bool
    private(set) var keys: [Key] = []
    private var paths: [Key: PathList] = [:]

    init(separatesNamespaces: Bool) {
        self.separatesNamespaces = separatesNamespaces
    }

    mutating func add(_ rule: PolicyRule, _ path: AccessPath) {
        var rule = rule
        if path.namespace != nil, !rule.nonResourceURLs.isEmpty {
            // URLs are not in a namespace, so a RoleBinding does not grant them.
            guard !rule.resources.isEmpty else { return }
            rule.nonResourceURLs = []
        }
        let key = Key(rule: rule, namespace: separatesNamespaces ? path.namespace.map { ExactText($0) } : nil)
        if paths[key] == nil { keys.append(key) }
        paths[key, default: PathList()].add(path)
    }

    /// `system:masters` has no rules, because RBAC does not check it.
    mutating func addMasters() {
        add(PolicyRule(verbs: ["*"], apiGroups: ["*"], resources: ["*"]), .masters)
        add(PolicyRule(verbs: ["*"], nonResourceURLs: ["*"]), .masters)
    }

    func holds(_ key: Key) -> Bool { paths[key] != nil }

    func paths(of key: Key) -> [AccessPath] { paths[key]?.sorted ?? [] }

    var isEmpty: Bool { keys.isEmpty }
}

/// The bindings by subject.
struct SubjectIndex {
    let cluster: Cluster
    private var byGroup: [ExactText: [Int]] = [:]
    private var byUser: [ExactText: [Int]] = [:]

    init(_ cluster: Cluster) {
        self.cluster = cluster
        for (index, binding) in cluster.bindings.enumerated() {
            for subject in binding.subjects {
                switch subject.kind {
                case .group: SubjectIndex.add(index, to: &byGroup, subject.name)
                case .user: SubjectIndex.add(index, to: &byUser, subject.name)
                case .serviceAccount: continue
                }
            }
        }
    }

    private static func add(_ index: Int, to bindings: inout [ExactText: [Int]], _ name: String) {
        if bindings[ExactText(name)]?.last != index { bindings[ExactText(name), default: []].append(index) }
    }

    var groups: [String] { byGroup.keys.map(\.text) }
    var users: [String] { byUser.keys.map(\.text) }

    func isBound(group: String) -> Bool { byGroup[ExactText(group)] != nil }

    /// Adds the rules of a group or user with that name.
    func collect(group: String, into collector: inout RuleCollector) {
        if group.utf8.elementsEqual(EntraNames.masters.utf8) { collector.addMasters() }
        collect(byGroup[ExactText(group)] ?? [], Subject(.group, name: group), &collector)
    }

    func collect(user: String, into collector: inout RuleCollector) {
        collect(byUser[ExactText(user)] ?? [], Subject(.user, name: user), &collector)
    }

    /// The bindings to these groups and this user, in the order of the cluster.
    func bindings(ofGroups groups: [String], user: String) -> [Binding] {
        let found = groups.flatMap { byGroup[ExactText($0)] ?? [] } + (byUser[ExactText(user)] ?? [])
        return Set(found).sorted().map { cluster.bindings[$0] }
    }

    /// Bindings whose role is not in the input give nothing; `ClusterInput.missingRoles` names the roles.
    private func collect(_ bindings: [Int], _ subject: Subject, _ collector: inout RuleCollector) {
        for index in bindings {
            let binding = cluster.bindings[index]
            guard let role = cluster.role(of: binding) else { continue }
            let path = AccessPath(subject, binding)
            for rule in cluster.rules(of: role) { collector.add(rule, path) }
        }
    }
}

extension PolicyRule {
    /// The fields of a rule, as `explain` and `policy diff` print them.
    var jsonMembers: [(String, JSON)] {
        [
            ("verbs", JSON(verbs)), ("apiGroups", JSON(apiGroups)), ("resources", JSON(resources)),
            ("resourceNames", JSON(resourceNames)), ("nonResourceURLs", JSON(nonResourceURLs)),
            ("waysToMore", JSON(waysToMore.map(\.rawValue))),
        ]
    }

    /// For people: `get, list pods, deployments.apps`.
    var words: String {
        let doing = verbs.contains("*") ? "do everything with" : verbs.joined(separator: ", ")
        var parts: [String] = []
        if !resources.isEmpty {
            if resources.contains("*") {
                let all = apiGroups.contains("*") ? "all resources" : "all resources of "
                parts.append(
                    all
                        + (apiGroups.contains("*")
                            ? "" : apiGroups.map { $0.isEmpty ? "the core group" : $0 }.joined(separator: ", ")))
            } else {
                let groups = apiGroups.filter { !$0.isEmpty }
                let suffixes =
                    apiGroups.contains("") || groups.isEmpty ? [""] + groups.map { ".\($0)" } : groups.map { ".\($0)" }
                parts.append(
                    suffixes.flatMap { suffix in resources.map { PolicyRule.name($0, suffix) } }.joined(separator: ", ")
                )
            }
        }
        if !nonResourceURLs.isEmpty { parts.append(nonResourceURLs.joined(separator: ", ")) }
        let named = resourceNames.isEmpty ? "" : " named " + resourceNames.joined(separator: ", ")
        return doing + " " + parts.joined(separator: " and ") + named
    }

    /// `deployments/scale` of `.apps` is `deployments.apps/scale`.
    private static func name(_ resource: String, _ suffix: String) -> String {
        guard let slash = resource.firstIndex(of: "/") else { return resource + suffix }
        return String(resource[..<slash]) + suffix + String(resource[slash...])
    }

    /// Whether this rule allows everything on all resources.
    var isEverything: Bool { allows(.everything) }
}
