import AccessPolicy
public import Jansson
public import PolicyChecks
public import RBAC

/// What one principal can do in the cluster, and through which paths.
public struct ExplainReport: Sendable {
    /// The principal's user and groups, or why it is refused.
    public var answer: PolicyAnswer
    /// In the order of the bindings; empty if the principal is refused.
    public var rules: [HeldRule]
    /// Whether all verbs on all resources are allowed everywhere.
    public var everything: Bool
    /// Bindings to the principal's user name or groups whose roles were not read.
    public var unknown: [Binding]
    /// What was read to answer the question.
    public var input: ClusterInput

    /// Collects the rules of the principal's groups and user name.
    public init(_ answer: PolicyAnswer, cluster: Cluster) {
        self.answer = answer
        rules = []
        everything = false
        unknown = []
        input = cluster.input
        guard let user = answer.access?.user else { return }
        let index = SubjectIndex(cluster)
        var collector = RuleCollector(separatesNamespaces: false)
        let groups = user.groups.filter { !$0.utf8.elementsEqual(EntraNames.everybody.utf8) }
        for group in groups + [EntraNames.everybody] { index.collect(group: group, into: &collector) }
        index.collect(user: user.username, into: &collector)
        unknown = index.bindings(ofGroups: groups + [EntraNames.everybody], user: user.username)
            .filter { cluster.role(of: $0) == nil }
        rules = collector.keys.map { HeldRule(rule: $0.rule, paths: collector.paths(of: $0)) }
        everything = rules.contains { held in
            held.rule.isEverything && held.paths.contains { $0.namespace == nil }
        }
    }

    /// The report for programs.
    public var json: JSON {
        let held = rules.map { JSON.object($0.rule.jsonMembers + [("paths", .array($0.paths.map(\.json)))]) }
        guard case .object(let members) = answer.json else { return answer.json }
        return .object(members + [("rules", .array(held)), ("everything", .bool(everything)), ("input", input.json)])
    }
}
