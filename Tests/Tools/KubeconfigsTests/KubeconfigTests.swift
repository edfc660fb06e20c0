import Jansson
import Kubeconfigs
import SafeText
import Testing

@Suite struct KubeconfigTests {
    static let text = """
        apiVersion: v1
        kind: Config
        current-context: a
        clusters:
        - name: a
          cluster:
            server: https://a.example:6443
            certificate-authority: pki/ca.crt
            certificate-authority-data: AQID
            extensions:
            - name: client.authentication.k8s.io/exec
              extension: {audience: x, n: 1}
        - {name: b, cluster: {server: "https://b.example", insecure-skip-tls-verify: true}}
        users:
        - name: ada
          user:
            exec:
              apiVersion: client.authentication.k8s.io/v1beta1
              command: bin/kubelogin
              args: [get-token, --login, devicecode, "--server-id=x", --tenant-id, first, -t, last]
              env: [{name: A, value: "1"}]
              provideClusterInfo: true
              interactiveMode: Never
        - {name: old, user: {auth-provider: {name: azure, config: {apiserver-id: x, config-mode: "1"}}}}
        - {name: cert, user: {client-certificate: c.crt, client-key: /k.key, tokenFile: t}}
        contexts:
        - {name: a, context: {cluster: a, user: ada, namespace: n}}
        - {name: no-user, context: {cluster: b}}
        - {name: lost-user, context: {cluster: a, user: nobody}}
        - {name: lost-cluster, context: {cluster: nowhere, user: ada}}

        """

    static func parse(_ text: String, path: String = "/home/ada/.kube/config") throws -> Kubeconfig {
        try Kubeconfig.parse(Array(text.utf8), path: path)
    }

    @Test("a context with its cluster and its plugin")
    func access() throws {
        let access = try Self.parse(Self.text).access()
        #expect(access.contextName == "a" && access.context.namespace == "n")
        #expect(access.cluster.authority == .data([1, 2, 3]))
        #expect(access.cluster.pluginConfiguration?.text() == #"{"audience":"x","n":1}"#)
        let plugin = try #require(access.user.plugin)
        #expect(plugin.command == "/home/ada/.kube/bin/kubelogin" && plugin.isKubelogin)
        #expect(plugin.option("--server-id") == "x" && plugin.option("--tenant-id", "-t") == "last")
        #expect(plugin.environment.map(\.name) == ["A"])
        #expect(plugin.providesClusterInfo && plugin.interactiveMode == .never)
    }

    @Test("paths are the kubeconfig's, commands without a slash are PATH's")
    func paths() throws {
        let user = try #require(try Self.parse(Self.text, path: "x/config").users["cert"])
        #expect(user.clientCertificate == .file("x/c.crt") && user.clientKey == .file("/k.key"))
        #expect(user.tokenFile == "x/t")
        let plain = try Self.parse("users: [{name: u, user: {exec: {command: kubelogin}}}]")
        #expect(plain.users["u"]?.plugin?.command == "kubelogin")
        #expect(try Self.parse(Self.text).users["old"]?.authProvider?.settings["apiserver-id"] == "x")
    }

    @Test(
        "a context that leads nowhere says why",
        arguments: [
            ("no-such", KubeconfigError.contextMissing("no-such")), ("lost-user", .userMissing("lost-user")),
            ("lost-cluster", .clusterMissing("lost-cluster")),
        ])
    func nowhere(name: String, problem: KubeconfigError) throws {
        let kubeconfig = try Self.parse(Self.text)
        #expect(throws: problem) { try kubeconfig.access(name) }
        #expect(try kubeconfig.access("no-user").user.plugin == nil)
    }

    @Test(
        "what cannot be read says where",
        arguments: [
            ("[", nil), ("a: b: c", nil), ("text", nil), ("clusters: 1", nil), ("clusters: [{cluster: {}}]", nil),
            ("users: [{name: u, user: {exec: {args: [[]]}}}]", nil), ("users: [{name: u, user: {token: []}}]", nil),
            ("clusters: [{name: a}, {name: a}]", KubeconfigError.repeated(field: "clusters", name: "a")),
        ] as [(String, KubeconfigError?)])
    func unreadable(text: String, problem: KubeconfigError?) {
        let thrown = #expect(throws: KubeconfigError.self) { try Self.parse(text) }
        if let problem { #expect(thrown == problem) }
        #expect(thrown?.sentence.isEmpty == false)
    }

    @Test("an empty file is an empty kubeconfig", arguments: ["", "\n # nothing\n", "{}", "clusters:\nusers: null\n"])
    func empty(text: String) throws {
        let kubeconfig = try Self.parse(text)
        #expect(kubeconfig.clusters.isEmpty)
        #expect(throws: KubeconfigError.noCurrentContext) { try kubeconfig.access() }
    }

    @Test("of several files the first counts")
    func merging() throws {
        let first = try Self.parse("clusters: [{name: a, cluster: {server: https://first}}]")
        let merged = Kubeconfig(merging: [first, try Self.parse(Self.text)])
        #expect(merged.clusters["a"]?.server == "https://first")
        #expect(merged.clusters["b"]?.skipsVerification == true)
        #expect(merged.currentContext == "a")
    }

    @Test(
        "where kubectl looks",
        arguments: [
            (nil, ["/h/.kube/config"]), ("", ["/h/.kube/config"]), ("/a:/b::/a", ["/a", "/b"]),
        ] as [(String?, [String])])
    func places(variable: String?, expected: [String]) {
        #expect(Kubeconfig.paths(variable: variable, home: "/h") == expected)
    }

    @Test("base64, there and back", arguments: [[], [0], [0, 1], [0, 1, 2], [255, 254, 253, 252]] as [[UInt8]])
    func base64(bytes: [UInt8]) {
        #expect(Base64.decode(Base64.encode(bytes)) == bytes)
    }

    @Test("what is no base64", arguments: ["A", "AA", "A===", "AA=A", "AA==A", "A-_A", "é", "====="])
    func notBase64(text: String) {
        #expect(Base64.decode(text) == nil)
    }
}
