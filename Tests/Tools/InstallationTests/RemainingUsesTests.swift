import Testing

@testable import Installation

@Suite("What kube-apiserver needs of what disable takes away")
struct RemainingUsesTests {
    private static let file = "/etc/kubernetes/authorization.yaml"
    private static let kubeconfig = "/etc/kubernetes/webhook.kubeconfig"

    private static func authorizers(_ more: String) -> String {
        "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthorizationConfiguration\nauthorizers:\n"
            + more + "- {type: Node, name: node}\n"
    }

    private static let webhook = authorizers(
        "- type: Webhook\n  name: w\n  webhook:\n"
            + "    connectionInfo: {type: KubeConfigFile, kubeConfigFile: \(kubeconfig)}\n")

    private static func access(_ server: String, _ user: String = "{client-certificate: /c/client.crt}") -> String {
        "apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{name: a, cluster: {server: '\(server)'}}]\n"
            + "users: [{name: a, user: \(user)}]\ncontexts: [{name: a, context: {cluster: a, user: a}}]\n"
    }

    typealias Case = (name: String, flags: [String: String], files: [String: String], expected: String?)
    static let cases: [Case] = [
        ("no flags", [:], [:], nil),
        ("our own flags", ["authentication-token-webhook-config-file": "/lost/webhook.yaml"], [:], nil),
        ("a file in the folder", ["audit-policy-file": "/lost/a"], [:], "--audit-policy-file=/lost/a"),
        ("a file that disable removes", ["client-ca-file": "/c/removed.crt"], [:], "which `disable` removes"),
        ("a file of somebody else", ["client-ca-file": "/c/ca.crt"], [:], nil),
        ("no webhook among the authorizers", ["authorization-config": file], [file: authorizers("")], nil),
        ("a file that is not there", ["authorization-config": file], [:], "\(file), to which"),
        ("a damaged file", ["authorization-config": file], [file: "a: ["], "\(file), to which"),
        (
            "another webhook", ["authorization-config": file],
            [file: webhook, kubeconfig: access("https://10.0.0.1:8443/authorize")], nil
        ),
        (
            "this webhook", ["authorization-config": file],
            [file: webhook, kubeconfig: access("https://127.0.0.1:8443/authorize")], "asks this webhook"
        ),
        (
            "perhaps this webhook", ["authorization-config": file],
            [file: webhook, kubeconfig: access("https://localhost:8443/authorize")], "not known whether it calls this"
        ),
        (
            "a certificate that disable removes", ["authorization-config": file],
            [file: webhook, kubeconfig: access("https://x", "{client-key: /c/removed.key}")], "needs /c/removed.key"
        ),
        (
            "a certificate in the folder", ["authorization-config": file],
            [file: webhook, kubeconfig: access("https://x", "{client-key: /lost/a.key}")], "needs /lost/a.key"
        ),
        ("no kubeconfig", ["authorization-config": file], [file: webhook], "\(kubeconfig), to which"),
        (
            "a kubeconfig without a cluster", ["authorization-config": file],
            [file: webhook, kubeconfig: "apiVersion: v1\nkind: Config\n"], "\(kubeconfig), to which"
        ),
        (
            "a kubeconfig in the folder", ["authorization-config": file],
            [file: webhook.replacing(kubeconfig, with: "/lost/x")], "needs /lost/x"
        ),
    ]

    @Test("each use is named, and nothing else is", arguments: cases)
    func uses(_ case: Case) {
        let found = RemainingUses(
            flags: FlagList(`case`.flags.map { "--\($0)=\($1)" }), nodePath: { "/node" + $0 },
            losesSight: { $0.hasPrefix("/lost/") },
            isRemoved: { $0.hasPrefix("/node/c/removed") },
            isStopped: { $0 == "localhost" ? nil : $0 == "127.0.0.1" && $1 == 8443 },
            read: { path in `case`.files[String(path.dropFirst("/node".count))].map { Array($0.utf8) } }
        ).first
        if let expected = `case`.expected {
            #expect(found?.sentence.contains(expected) ?? false, "\(`case`.name): \(found?.sentence ?? "nothing")")
        } else {
            #expect(found == nil, "\(`case`.name)")
        }
    }
}
