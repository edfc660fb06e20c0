import ClusterAccess
import Entra
import RBAC
import Testing

@Suite struct PermissionDiffTests {
    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        var old = TestCluster.standardTenant
        var oldKubernetes = ""
        var new = TestCluster.standardTenant
        var newKubernetes = ""
        let bindings: String
        let changes: [String]
        var testDescription: String { name }
    }

    private static func mapping(_ groups: String, to id: String = TestCluster.developers) -> String {
        "groupMappings: [{groupObjectID: \(id), kubernetesGroups: [\(groups)]}]"
    }

    private static let both =
        TestCluster.binding(TestCluster.group("one"), namespace: "a")
        + TestCluster.binding(TestCluster.group("two"), namespace: "b")
        + TestCluster.binding(TestCluster.group("everywhere"))

    @Test(
        "a change of the configuration shows the permissions that it gives and takes",
        arguments: [
            Sample(name: "nothing changes", bindings: both, changes: []),
            Sample(
                name: "a group that is bound", old: "subjects: [user]", new: mapping("one"), bindings: both,
                changes: ["gains group \(TestCluster.developers) get,list pods in a"]),
            Sample(
                name: "a group that is not bound", old: mapping("one"), new: mapping("one, none"), bindings: both,
                changes: []),
            Sample(
                name: "the same in another namespace", old: mapping("one"), new: mapping("two"), bindings: both,
                changes: [
                    "gains group \(TestCluster.developers) get,list pods in b",
                    "loses group \(TestCluster.developers) get,list pods in a",
                ]),
            Sample(
                name: "the same everywhere loses nothing", old: mapping("one"), new: mapping("everywhere"),
                bindings: both,
                changes: [
                    "gains group \(TestCluster.developers) get,list pods in *",
                    "gains group \(TestCluster.developers) get /metrics in *",
                ]),
            Sample(
                name: "the same by another way", old: mapping("one"), new: mapping("three"),
                bindings: both + "---\nkind: RoleBinding\nmetadata: {name: c, namespace: a}\n"
                    + "roleRef: {kind: ClusterRole, name: reader}\nsubjects: [\(TestCluster.group("three"))]\n",
                changes: []),
            Sample(
                name: "the same in other words", old: mapping("one"), new: mapping("three"),
                bindings: both + """
                    ---
                    kind: Role
                    metadata: {name: r, namespace: a}
                    rules:
                    - {verbs: [list, get], apiGroups: ["", apps], resources: [pods]}
                    ---
                    kind: RoleBinding
                    metadata: {name: c, namespace: a}
                    roleRef: {kind: Role, name: r}
                    subjects: [\(TestCluster.group("three"))]
                    """,
                changes: ["gains group \(TestCluster.developers) list,get pods in a"]),
            Sample(
                name: "what everybody has is no gain", old: "subjects: [user]", new: mapping("everywhere"),
                bindings: TestCluster.binding(
                    TestCluster.group("everywhere") + ", " + TestCluster.group("system:authenticated")),
                changes: []),
            Sample(
                name: "system:masters", old: "subjects: [user]", new: mapping("'system:masters'"), bindings: "",
                changes: [
                    "gains group \(TestCluster.developers) * * in *", "gains group \(TestCluster.developers) * * in *",
                ]),
            Sample(
                name: "people who are named otherwise", newKubernetes: "username: oid",
                bindings: TestCluster.binding(TestCluster.user("alice@contoso.com"), namespace: "a"),
                changes: ["loses user alice@contoso.com get,list pods in a"]),
            Sample(
                name: "object IDs that are no groups any more", newKubernetes: "groupObjectIDs: drop",
                bindings: TestCluster.binding(TestCluster.group(TestCluster.stranger), namespace: "a"),
                changes: ["loses group \(TestCluster.stranger) get,list pods in a"]),
            Sample(
                name: "a group that was bound by its object ID and is mapped now", old: "subjects: [user]",
                new: mapping("two"),
                bindings: both.replacing("name: \"two\"", with: "name: \"\(TestCluster.developers)\""), changes: []),
        ])
    func compares(_ sample: Sample) throws {
        let diff = PermissionDiff(
            from: try TestCluster.names(tenant: sample.old, kubernetes: sample.oldKubernetes),
            to: try TestCluster.names(tenant: sample.new, kubernetes: sample.newKubernetes),
            cluster: try TestCluster.read(sample.bindings))
        let changes = diff.changes.map { change in
            let who = change.holder.objectID?.description ?? change.holder.username ?? change.holder.appRole ?? ""
            let what = (change.rule.resources + change.rule.nonResourceURLs).joined(separator: ",")
            return "\(change.effect.rawValue) \(change.holder.kind.rawValue) \(who)"
                + " \(change.rule.verbs.joined(separator: ",")) \(what) in \(change.namespace ?? "*")"
        }
        #expect(changes == sample.changes)
        #expect(diff.changes.allSatisfy { !$0.paths.isEmpty })
    }
}

extension String {
    fileprivate func replacing(_ part: String, with other: String) -> String {
        var text = self
        while let range = text.firstRange(of: part) { text.replaceSubrange(range, with: other) }
        return text
    }
}
