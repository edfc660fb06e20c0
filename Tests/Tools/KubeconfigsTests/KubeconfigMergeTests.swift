import Kubeconfigs
import Testing
import YAML

private let addition = """
    apiVersion: v1
    kind: Config
    clusters:
    - name: "new"
      cluster:
        server: "https://new.example:6443"
    users:
    - name: "new-user"
      user:
        exec:
          apiVersion: client.authentication.k8s.io/v1beta1
          command: kubelogin
          args:
          - "get-token"
    contexts:
    - name: "new"
      context:
        cluster: "new"
        user: "new-user"
    current-context: "new"

    """

private let existing = """
    # my clusters
    apiVersion: v1
    clusters:
    - cluster: {server: "https://old.example"}   # the old one
      name: old
    contexts:
    - context:
        cluster: old
        user: someone
      name: old
    current-context: old
    kind: Config
    preferences: {}
    users:
    - name: someone
      user: {token: abc}

    """

@Suite struct KubeconfigMergeTests {
    private func merge(_ old: String, replacing: Bool = false, _ new: String = addition) throws -> String {
        String(
            decoding: try KubeconfigMerge.merge(Array(new.utf8), into: Array(old.utf8), replacing: replacing),
            as: UTF8.self)
    }

    @Test func `a context is added, becomes the current one, and every other line stays`() throws {
        let merged = try merge(existing)
        for line in existing.split(separator: "\n") where !line.hasPrefix("current-context") {
            #expect(merged.split(separator: "\n").contains(line), "\(line) is gone")
        }
        let kubeconfig = try Kubeconfig.parse(Array(merged.utf8), path: "config")
        #expect(try Kubeconfig(merging: [kubeconfig]).access(nil).cluster.server == "https://new.example:6443")
        #expect(try Kubeconfig(merging: [kubeconfig]).access("old").cluster.server == "https://old.example")
    }

    @Test(
        "only the value of current-context changes, where it stands",
        arguments: [
            (#"current-context: "prod"   # keep"#, #"current-context: "new"   # keep"#),
            ("current-context: prod # keep", #"current-context: "new" # keep"#),
            ("current-context: ''  # keep", #"current-context: "new"  # keep"#),
            ("current-context:\n  prod  # keep", "current-context:\n  \"new\"  # keep"),
        ])
    func currentContext(old: String, new: String) throws {
        let merged = try merge("kind: Config\n\(old)\nclusters: []\n# the end\n")
        #expect(merged.hasPrefix("kind: Config\n\(new)\nclusters:"))
        #expect(try Kubeconfig(merging: [Kubeconfig.parse(Array(merged.utf8), path: "c")]).currentContext == "new")
    }

    @Test(
        "a current-context that is not one scalar on its line is written anew",
        arguments: [
            "current-context: null # keep", "current-context: # keep", "current-context: >-\n  prod\n  uction",
            "current-context: |\n  prod",
        ])
    func unusualCurrentContext(old: String) throws {
        let merged = try merge("kind: Config\n\(old)\nclusters: []\n")
        #expect(try Kubeconfig(merging: [Kubeconfig.parse(Array(merged.utf8), path: "c")]).currentContext == "new")
    }

    @Test func `a second time changes nothing`() throws {
        let merged = try merge(existing)
        #expect(try merge(merged) == merged)
    }

    @Test func `a name that is there is replaced only when that is asked for, and no other`() throws {
        let other = addition.replacing("new.example", with: "changed.example")
        let merged = try merge(existing)
        #expect(throws: KubeconfigMergeError.nameTaken("new")) { try merge(merged, other) }
        let replaced = try merge(merged, replacing: true, other)
        #expect(replaced.contains("changed.example") && !replaced.contains("new.example"))
        #expect(replaced.contains("old.example") && replaced.contains("# the old one"))
    }

    struct Start: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
    }

    @Test(arguments: [
        Start(
            testDescription: "an empty file",
            text: ""),
        Start(
            testDescription: "comments only",
            text: "# nothing yet"),
        Start(
            testDescription: "empty lists",
            text: "apiVersion: v1\nkind: Config\nclusters: []\nusers: []\ncontexts: []\n"),
        Start(
            testDescription: "nulls, as kubectl writes them",
            text: "apiVersion: v1\nclusters: null\ncontexts: null\ncurrent-context: \"\"\nkind: Config\nusers: null\n"),
        Start(
            testDescription: "lists that are further in",
            text: "kind: Config\nclusters:\n  - name: a\n    cluster: {}\n"),
        Start(
            testDescription: "JSON",
            text: #"{"kind":"Config","clusters":[{"name":"a","cluster":{}}],"users":[]}"#),
        Start(
            testDescription: "Windows line ends", text: "kind: Config\r\nclusters:\r\n- name: a\r\n  cluster: {}\r\n"),
        Start(
            testDescription: "no line end",
            text: "kind: Config\nclusters:\n- name: a\n  cluster: {}"),
    ])
    func `it fits into whatever is there`(_ start: Start) throws {
        let merged = try merge(start.text)
        let kubeconfig = try Kubeconfig.parse(Array(merged.utf8), path: "config")
        #expect(try Kubeconfig(merging: [kubeconfig]).access(nil).contextName == "new")
    }

    @Test(arguments: [
        "just text", "- a\n- b\n", "kind: Pod\nspec: {}\n", "kind: Config\n", "apiVersion: v1\nusers: 7\n: :",
    ])
    func `what is no kubeconfig is left alone`(_ text: String) {
        #expect(throws: KubeconfigMergeError.self) { try merge(text) }
    }
}
