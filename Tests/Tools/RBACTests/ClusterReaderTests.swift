import RBAC
import Testing

@Suite struct ClusterReaderTests {
    private func read(_ text: String, file: String = "x.yaml") throws(ClusterError) -> Cluster {
        var reader = ClusterReader(limits: ClusterLimits(bytes: 1 << 20, rules: 10))
        try reader.read(Array(text.utf8), file: file)
        return try reader.cluster()
    }

    private static let role =
        "kind: ClusterRole\nmetadata: {name: a}\nrules: [{verbs: [get], apiGroups: [''], resources: [pods]}]\n"

    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        var roles = 0
        var bindings = 0
        var passedOver = 0
        var unknown: [String: Int] = [:]
        var notices = 0
        var testDescription: String { name }
    }

    @Test(
        "valid objects are read",
        arguments: [
            Sample(name: "one object in YAML", text: role, roles: 1),
            Sample(name: "several documents, empty ones too", text: "---\n---\n" + role + "---\n# nothing\n", roles: 1),
            Sample(name: "the same object twice", text: role + "---\n" + role, roles: 1),
            Sample(
                name: "a List in JSON, with the kind at its end",
                text:
                    "{\"items\":[{\"kind\":\"Role\",\"metadata\":{\"name\":\"r\",\"namespace\":\"n\"},\"rules\":null}],\"kind\":\"List\"}",
                roles: 1),
            Sample(
                name: "a RoleList whose elements do not say what they are",
                text:
                    "{\"items\":[{\"metadata\":{\"name\":\"r\",\"namespace\":\"n\"}}],\"kind\":\"RoleList\",\"apiVersion\":\"rbac.authorization.k8s.io/v1\"}",
                roles: 1),
            Sample(
                name: "a list in a list",
                text: "kind: List\nitems:\n- kind: List\n  items:\n  - {kind: ClusterRole, metadata: {name: a}}\n",
                roles: 1
            ),
            Sample(
                name: "an array of objects", text: "[{\"kind\":\"ClusterRole\",\"metadata\":{\"name\":\"a\"}}]",
                roles: 1),
            Sample(
                name: "JSON documents one after the other", text: "{\"kind\":\"Pod\"}\n{\"kind\":\"Pod\"}",
                passedOver: 2),
            Sample(name: "YAML in braces", text: "{kind: ClusterRole, metadata: {name: a}}", roles: 1),
            Sample(
                name: "JSON documents with dashes between", text: "{\"kind\":\"Pod\"}\n---\n{\"kind\":\"Pod\"}",
                passedOver: 2),
            Sample(
                name: "other kinds, known and unknown",
                text: "kind: Deployment\napiVersion: apps/v1\n---\nkind: Widget\n---\nkind: Widget\n---\n{}\n",
                passedOver: 4,
                unknown: ["Widget": 2, "(no kind)": 1]),
            Sample(
                name: "another group's Role", text: "kind: Role\napiVersion: iam.example.com/v1\n", passedOver: 1,
                unknown: ["Role.iam.example.com": 1]),
            Sample(
                name: "a list of something else with elements that look like roles",
                text: "kind: Basket\nmetadata: {name: b}\nitems:\n- {kind: Role}\n", passedOver: 1,
                unknown: ["Basket": 1]),
            Sample(
                name: "a RoleBinding without a namespace",
                text: "kind: RoleBinding\nmetadata: {name: b}\nroleRef: {kind: Role, name: r}\n", bindings: 1,
                notices: 1),
            Sample(
                name: "an anchor and an alias",
                text:
                    "kind: ClusterRole\nmetadata: {name: a}\nrules:\n- verbs: &v [get]\n  apiGroups: ['']\n  resources: *v\n",
                roles: 1),
            Sample(name: "an empty list", text: "{\"kind\":\"List\",\"items\":[]}"),
        ])
    func isRead(_ sample: Sample) throws {
        let cluster = try read(sample.text)
        #expect(cluster.roles.count == sample.roles)
        #expect(cluster.bindings.count == sample.bindings)
        #expect(cluster.input.objects == sample.roles + sample.bindings)
        #expect(cluster.input.passedOver == sample.passedOver)
        #expect(cluster.input.unknownKinds == sample.unknown)
        #expect(cluster.input.notices.count == sample.notices)
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let place: String
        let part: String
        var file = "x.yaml"
        var testDescription: String { name }
    }

    @Test(
        "an invalid object is refused with its place",
        arguments: [
            Fault(name: "a field twice", text: "kind: ClusterRole\nkind: Role\n", place: "2:1", part: "twice"),
            Fault(
                name: "a field twice in JSON", text: "{\"kind\":\"Role\",\n \"kind\":\"Role\"}", place: "2:2",
                part: "twice",
                file: "x.json"),
            Fault(
                name: "a field twice in a rule",
                text: "kind: ClusterRole\nmetadata: {name: a}\nrules:\n- verbs: []\n  verbs: []\n",
                place: "5:3", part: "twice"),
            Fault(name: "no name", text: "kind: ClusterRole\nmetadata: {}\n", place: "2:11", part: "no name"),
            Fault(name: "no metadata", text: "kind: ClusterRole\n", place: "1:1", part: "no name"),
            Fault(
                name: "no roleRef", text: "kind: ClusterRoleBinding\nmetadata: {name: a}\n", place: "1:1",
                part: "roleRef"),
            Fault(
                name: "a roleRef to something else",
                text: "kind: ClusterRoleBinding\nmetadata: {name: a}\nroleRef: {kind: Pod, name: x}\n", place: "3:10",
                part: "roleRef.kind"),
            Fault(
                name: "a list in place of a string", text: "kind: ClusterRole\nmetadata: {name: [a]}\n", place: "2:18",
                part: "metadata.name must be a string"),
            Fault(
                name: "a string in place of a list",
                text: "kind: ClusterRole\nmetadata: {name: a}\nrules: [{verbs: get}]\n", place: "3:17",
                part: "rules[0].verbs must be a list"),
            Fault(
                name: "a number in place of a string",
                text: "{\"kind\":\"ClusterRole\",\"metadata\":{\"name\":\"a\"},\n\"rules\":[{\"verbs\":[1]}]}",
                place: "2:20",
                part: "rules[0].verbs[0] must be a string", file: "x.json"),
            Fault(
                name: "a word that means a boolean", text: "kind: ClusterRole\nmetadata: {name: on}\n", place: "2:18",
                part: "quotation marks"),
            Fault(
                name: "rules that are a mapping", text: "kind: ClusterRole\nmetadata: {name: a}\nrules: {}\n",
                place: "3:8",
                part: "list"),
            Fault(name: "a document that is a word", text: "hello\n", place: "1:1", part: "must be a mapping"),
            Fault(
                name: "an element of a List that is a word", text: "kind: List\nitems: [x]\n", place: "2:9",
                part: "mapping"
            ),
            Fault(
                name: "a wrong element of a List", text: "items:\n- kind: ClusterRole\nkind: List\n", place: "2:3",
                part: "no name"),
            Fault(
                name: "a merge key", text: "kind: ClusterRole\nmetadata:\n  <<: {name: a}\n", place: "3:3",
                part: "merge"),
            Fault(name: "damaged YAML", text: "kind: [\n", place: "2:1", part: ""),
            Fault(name: "damaged JSON", text: "{\"kind\":\"ClusterRole\",\n", place: "2:1", part: "", file: "x.json"),
            Fault(
                name: "damaged JSON of an unknown file", text: "{\"kind\":\"Role\",\n\"a\" 1}", place: "2:5", part: "",
                file: "standard input"),
            Fault(
                name: "an unknown kind of subject",
                text:
                    "kind: ClusterRoleBinding\nmetadata: {name: a}\nroleRef: {kind: ClusterRole, name: x}\nsubjects: [{kind: Robot, name: r}]\n",
                place: "4:12", part: "subjects[0].kind"),
            Fault(
                name: "two objects of one name that differ",
                text:
                    "kind: ClusterRole\nmetadata: {name: a}\n---\nkind: ClusterRole\nmetadata: {name: a}\nrules: [{verbs: [get]}]\n",
                place: "4:1", part: "x.yaml:1:1"),
            Fault(
                name: "more rules than allowed",
                text: "kind: ClusterRole\nmetadata: {name: a}\nrules: [{}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}]\n",
                place: "1:1", part: "rules"),
        ])
    func isRefused(_ fault: Fault) {
        #expect {
            _ = try read(fault.text, file: fault.file)
        } throws: { error in
            guard let error = error as? ClusterError else { return false }
            return error.description.hasPrefix("\(fault.file):\(fault.place): ") && error.message.contains(fault.part)
        }
    }
}
