import Jansson
import SafeText
import Terminal

/// The ClusterRoleBinding with which `enable --bind` makes the configured groups admins of the cluster.
///
/// It says in an annotation which groups `enable` bound, so that a change by somebody else is noticed on every node.
struct AdminBinding: Hashable, Sendable {
    static let name = "kube-entra-cluster-admins"
    static let collection = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
    static let path = collection + "/" + name
    private static let annotation = "kube-entra.dev/bound-groups"
    private static let group = "rbac.authorization.k8s.io"

    /// The names of the groups that it binds now.
    let groups: [String]
    /// The ClusterRole that it gives; nil if it gives another kind of role, or none.
    let role: String?
    /// Whether `enable` made it.
    let isOurs: Bool
    /// Whether it is still as `enable` made it.
    let isUnchanged: Bool
    /// Whether it binds groups to `cluster-admin`, and nobody else to anything.
    private let bindsOnlyGroups: Bool

    /// The binding for programs.
    var json: JSON {
        .object([
            ("name", .string(AdminBinding.name)), ("groups", JSON(groups)), ("role", JSON(role)),
            ("madeByEnable", .bool(isOurs)), ("changed", .bool(isOurs && !isUnchanged)),
        ])
    }

    /// Reads the object; one that cannot be read is somebody else's.
    init(_ bytes: [UInt8]) {
        let root = (try? JSONDocument(parsing: bytes))?.root
        let subjects = root?["subjects"]?.array.map(Array.init) ?? []
        groups = subjects.compactMap { $0["kind"]?.string == "Group" ? $0["name"]?.string : nil }
        let made = root?["metadata"]?["annotations"]?[named: AdminBinding.annotation]?.string
        isOurs = made != nil
        role = root?["roleRef"]?["kind"]?.string == "ClusterRole" ? root?["roleRef"]?["name"]?.string : nil
        bindsOnlyGroups = groups.count == subjects.count && role == "cluster-admin"
        isUnchanged = bindsOnlyGroups && made.map { ExactText($0) } == ExactText(AdminBinding.list(groups))
    }

    /// Whether it binds these groups to `cluster-admin` and nothing else, whoever made it.
    func binds(only groups: [String]) -> Bool {
        bindsOnlyGroups && AdminBinding.sorted(groups) == AdminBinding.sorted(self.groups)
    }

    /// Whether it gives `cluster-admin`.
    var givesAdmin: Bool { role.map { ExactText($0) } == "cluster-admin" }

    /// Whether these groups are among those that it binds to `cluster-admin`.
    func binds(_ groups: [String]) -> Bool {
        givesAdmin && Set(AdminBinding.sorted(self.groups)).isSuperset(of: AdminBinding.sorted(groups))
    }

    private static func sorted(_ groups: [String]) -> [ExactText] { groups.map { ExactText($0) }.sorted() }

    /// The object that binds groups.
    static func object(_ groups: [String]) -> JSON {
        .object([
            ("apiVersion", .string(group + "/v1")), ("kind", .string("ClusterRoleBinding")),
            (
                "metadata",
                .object([
                    ("name", .string(name)), ("annotations", .object([(annotation, .string(list(groups)))])),
                ])
            ),
            (
                "roleRef",
                .object([
                    ("apiGroup", .string(group)), ("kind", .string("ClusterRole")), ("name", .string("cluster-admin")),
                ])
            ),
            (
                "subjects",
                .array(
                    groups.map {
                        .object([
                            ("apiGroup", .string(group)), ("kind", .string("Group")), ("name", .string($0)),
                        ])
                    })
            ),
        ])
    }

    private static func list(_ groups: [String]) -> String { JSON(groups.sorted()).text() }

    /// The command that makes such a binding, for people.
    static func command(_ groups: [String]) -> String {
        "kubectl create clusterrolebinding \(name) --clusterrole=cluster-admin"
            + groups.map { " --group=" + ShellWord.quoted($0) }.joined()
    }

    /// The command that removes it, for people.
    static let removal = "kubectl delete clusterrolebinding \(name)"
}
