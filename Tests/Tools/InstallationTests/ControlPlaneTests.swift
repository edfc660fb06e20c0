import Jansson
import Testing

@testable import Installation

@Suite("The API servers of a cluster")
struct ControlPlaneTests {
    private static let ours = "--authentication-token-webhook-config-file=/etc/kube-entra/webhook.yaml"

    private static func pod(_ node: String, _ words: String...) -> String {
        let command = JSON(["kube-apiserver"] + words).text()
        return #"{"spec":{"nodeName":"\#(node)","containers":[{"name":"kube-apiserver","command":\#(command)}]}}"#
    }

    private static func node(_ name: String, _ annotations: String = "{}") -> String {
        #"{"metadata":{"name":"\#(name)","annotations":\#(annotations)}}"#
    }

    /// What k3s publishes about a server with these arguments of kube-apiserver.
    private static func arguments(_ words: String..., key: String = "k3s.io/node-args") -> String {
        annotation(["server"] + words.flatMap { ["--kube-apiserver-arg", $0] }, key: key)
    }

    private static func annotation(_ words: [String], key: String = "k3s.io/node-args") -> String {
        JSON.object([(key, .string(JSON(words).text()))]).text()
    }

    private static func others(_ pods: [String], _ nodes: [String], callers: Bool = true) -> OtherAPIServers? {
        func list(_ items: [String]) -> [UInt8] { Array(#"{"items":[\#(items.joined(separator: ","))]}"#.utf8) }
        return ControlPlane(pods: list(pods), nodes: list(nodes), flags: WebhookFlags())?.others(
            than: "a", callers: callers)
    }

    typealias Case = (name: String, pods: [String], nodes: [String], expected: OtherAPIServers)
    static let cases: [Case] = [
        ("one node", [pod("a", ours)], [node("a")], .none),
        ("one node without a pod, as with k3s", [], [node("a")], .none),
        ("another one asks", [pod("a"), pod("b", ours)], [node("a"), node("b")], .these(["b"])),
        (
            "the flag and its value are two words",
            [pod("a"), pod("b", "--authentication-token-webhook-config-file", "/etc/kube-entra/webhook.yaml")],
            [node("a"), node("b")], .these(["b"])
        ),
        (
            "another one asks another webhook",
            [pod("a"), pod("b", "--authentication-token-webhook-config-file=/etc/guard.yaml")],
            [node("a"), node("b")], .none
        ),
        ("another one asks nobody", [pod("a", ours), pod("b")], [node("a"), node("b")], .none),
        ("another one asks whose node has no label", [pod("a"), pod("b", ours)], [node("a")], .these(["b"])),
        (
            "the flags of another one cannot be seen", [pod("a")], [node("a"), node("b")],
            .unknown("the flags of the API server on b cannot be seen")
        ),
        (
            "one asks, and the flags of another cannot be seen", [pod("a"), pod("c", ours)],
            [node("a"), node("b"), node("c")], .these(["c"])
        ),
        (
            "k3s publishes the flag", [], [node("a"), node("b", arguments("v=2", String(ours.dropFirst(2))))],
            .these(["b"])
        ),
        ("k3s publishes it with dashes", [], [node("a"), node("b", arguments(ours))], .these(["b"])),
        ("k3s publishes other flags", [], [node("a"), node("b", arguments("v=2"))], .none),
        (
            "k3s publishes another webhook", [],
            [node("a"), node("b", arguments("authentication-token-webhook-config-file=/etc/guard.yaml"))], .none
        ),
        (
            "k3s publishes the flag as one word", [],
            [node("a"), node("b", annotation(["server", "--kube-apiserver-arg=" + ours.dropFirst(2)]))], .these(["b"])
        ),
        (
            "the file stands elsewhere in the arguments", [],
            [node("a"), node("b", annotation(["server", "--config", "/etc/kube-entra/webhook.yaml"]))], .none
        ),
        (
            "RKE2 publishes the flag, and its pod is not there", [],
            [node("a"), node("b", arguments(ours, key: "rke2.io/node-args"))], .these(["b"])
        ),
        (
            "published arguments that are damaged", [],
            [node("a"), node("b", JSON.object([("k3s.io/node-args", .string("[\"server\""))]).text())],
            .unknown("the flags of the API server on b cannot be seen")
        ),
        (
            "published arguments that are not all strings", [],
            [node("a"), node("b", JSON.object([("k3s.io/node-args", .string("[\"server\", 1]"))]).text())],
            .unknown("the flags of the API server on b cannot be seen")
        ),
        (
            "published arguments of an agent", [],
            [node("a"), node("b", annotation(["agent"]))],
            .unknown("the flags of the API server on b cannot be seen")
        ),
        (
            "this node is not among them", [pod("b")], [node("b")],
            .unknown("the cluster has no control-plane node called a")
        ),
        ("nothing", [], [], .unknown("the cluster has no control-plane node called a")),
        ("damaged items", ["{}", "[]", "1"], [node("a"), "{}"], .none),
    ]

    @Test("whether another one asks the webhook is known, or said not to be", arguments: cases)
    func others(_ case: Case) {
        #expect(Self.others(`case`.pods, `case`.nodes) == `case`.expected, "\(`case`.name)")
    }

    static let without: [Case] = [
        ("one node", [pod("a", ours)], [node("a")], .none),
        ("every other one asks", [pod("a"), pod("b", ours)], [node("a"), node("b")], .none),
        ("another one asks nobody", [pod("a", ours), pod("b")], [node("a"), node("b")], .these(["b"])),
        (
            "one asks, one asks another webhook",
            [pod("b", ours), pod("c", "--authentication-token-webhook-config-file=/etc/guard.yaml")], [node("a")],
            .these(["c"])
        ),
        (
            "one asks, and one whose node has no label does not", [pod("a"), pod("b", ours), pod("c")], [node("a")],
            .these(["c"])
        ),
        (
            "the flags of another one cannot be seen", [pod("a"), pod("b", ours)], [node("c")],
            .unknown("the flags of the API server on c cannot be seen")
        ),
        (
            "one asks nobody, and the flags of another cannot be seen", [pod("a"), pod("b")], [node("c")],
            .these(["b"])
        ),
    ]

    @Test("which other ones do not ask the webhook is known, or said not to be", arguments: without)
    func others(without case: Case) {
        #expect(Self.others(`case`.pods, `case`.nodes, callers: false) == `case`.expected, "\(`case`.name)")
    }

    @Test(
        "an API server that runs on no node is noticed",
        arguments: [(nil, OtherAPIServers.none), (1, .none), (2, .none)] as [(Int?, OtherAPIServers)] + [
            (3, .unknown("3 API servers run, and only 2 of them on nodes of the cluster"))
        ])
    func hidden(servers: Int?, expected: OtherAPIServers) {
        let pods = Array(#"{"items":[\#(Self.pod("a")),\#(Self.pod("b"))]}"#.utf8)
        let nodes = Array(#"{"items":[]}"#.utf8)
        let plane = ControlPlane(pods: pods, nodes: nodes, flags: WebhookFlags())
        #expect(plane?.others(than: "a", servers: servers) == expected)
    }

    static let slices: [(text: String, count: Int?)] = [
        (#"{"endpoints":[{"addresses":["10.0.0.1"]},{"addresses":["10.0.0.2"]}]}"#, 2),
        (#"{"endpoints":[{"addresses":["10.0.0.1","10.0.0.2"]},{}]}"#, 2),
        (#"{"endpoints":[]}"#, 0), (#"{"endpoints":null}"#, nil), ("{}", nil), ("", nil),
    ]

    @Test("API servers are counted by their addresses", arguments: slices)
    func counted(_ slice: (text: String, count: Int?)) {
        #expect(ControlPlane.count(endpoints: Array(slice.text.utf8)) == slice.count)
    }

    @Test("an answer that is no list tells nothing", arguments: ["", "{}", "[]", #"{"items":1}"#])
    func noList(_ text: String) {
        let list = Array(#"{"items":[]}"#.utf8)
        #expect(ControlPlane(pods: Array(text.utf8), nodes: list, flags: WebhookFlags()) == nil)
        #expect(ControlPlane(pods: list, nodes: Array(text.utf8), flags: WebhookFlags()) == nil)
    }
}

@Suite("The admins' binding")
struct AdminBindingTests {
    @Test("the command for people is one of a shell, whatever the groups are called")
    func command() {
        let command = AdminBinding.command(["kube-entra:cluster-admins", "it's; reboot", "'\u{301}"])
        let groups = " --group=kube-entra:cluster-admins --group='it'\\''s; reboot' --group=''\\''\u{301}'"
        let start = "kubectl create clusterrolebinding \(AdminBinding.name) --clusterrole=cluster-admin"
        #expect(command.utf8.elementsEqual((start + groups).utf8))
    }

    @Test("its groups, and a flag of somebody else's, stay on their lines")
    func foreignNames() {
        let name = "g\u{1B}[31m\n::error:: faked"
        var status = InstallationStatus(distribution: .kubeadm)
        let lines = status.text.split(separator: "\n").count
        status.binding = AdminBinding(AdminBinding.object([name]).render())
        #expect(status.text.contains("g\u{FFFD}[31m\u{FFFD}::error:: faked: bound to"))
        #expect(status.text.split(separator: "\n").count == lines + 1)
        #expect(ManifestProblem.otherWebhook(file: name).sentence.hasSuffix("=g\u{FFFD}[31m\u{FFFD}::error:: faked"))
    }

    @Test("what enable made is known again, in any order of the groups")
    func made() {
        let binding = AdminBinding(AdminBinding.object(["b", "a,c"]).render())
        #expect(binding.isOurs && binding.isUnchanged && binding.groups == ["b", "a,c"])
        #expect(binding.binds(only: ["a,c", "b"]) && !binding.binds(only: ["b"]))
        let bare = AdminBinding.object(["b"]).text().replacing("kube-entra.dev/bound-groups", with: "other")
        #expect(!AdminBinding(Array(bare.utf8)).isOurs && AdminBinding(Array(bare.utf8)).binds(only: ["b"]))
    }

    static let changes: [(name: String, old: String, new: String)] = [
        ("a person", #""kind":"Group""#, #""kind":"User""#),
        ("another group", #""name":"admins""#, #""name":"others""#),
        ("another role", #""name":"cluster-admin""#, #""name":"view""#),
        ("a role of a namespace", #""kind":"ClusterRole""#, #""kind":"Role""#),
        ("no subjects", #""subjects""#, #""was""#),
        (
            "one more", #""subjects":["#, #""subjects":[{"kind":"ServiceAccount","name":"x","namespace":"y"},"#
        ),
    ]

    @Test("a change by somebody else is noticed", arguments: changes)
    func changed(_ case: (name: String, old: String, new: String)) {
        let text = AdminBinding.object(["admins"]).text()
        #expect(text.contains(`case`.old))
        let binding = AdminBinding(Array(text.replacing(`case`.old, with: `case`.new).utf8))
        #expect(binding.isOurs && !binding.isUnchanged && !binding.binds(only: ["admins"]), "\(`case`.name)")
    }

    @Test("what others made is theirs", arguments: ["", "{}", #"{"metadata":{"name":"kube-entra-cluster-admins"}}"#])
    func others(_ text: String) {
        #expect(!AdminBinding(Array(text.utf8)).isOurs)
    }
}
