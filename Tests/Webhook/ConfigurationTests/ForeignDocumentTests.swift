import Configuration
import Testing

@Suite struct ForeignDocumentTests {
    @Test(
        "a file of another kind is named as what it is",
        arguments: [
            ("apiVersion: v1\nkind: Config\nclusters: []\ncontexts: []\nusers: []\n", "this is a kubeconfig"),
            ("clusters: []\ncontexts: []\n", "this is a kubeconfig"),
            ("tests: []\n", "this is a policy suite"),
            ("apiVersion: kube-entra.dev/v1\nkind: TokenHints\ntenants: []\n", "this is a file of hints already"),
            ("{\"aadProfile\": {\"managed\": true}}", "this is an AKS cluster's profile"),
            ("{\"properties\": {\"aadProfile\": null}}", "this is an AKS cluster's profile"),
            ("apiVersion: v1\nkind: ConfigMap\n", "this is a Kubernetes object (ConfigMap)"),
            ("apiVersion: v1\nkind: \"Con\\u202efig\"\n", "this is a Kubernetes object,"),
        ])
    func named(text: String, beginning: String) {
        let problems = ConfigurationLoaderTests.problems(text)
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("1:1 : " + beginning) == true, "\(problems)")
    }

    @Test(
        "a configuration with mistakes is read as one",
        arguments: [
            "kind: WebhookConfiguration\n", "tenants: []\n", "server: {}\nkind: Webhook\napiVersion: v1\n", "{}",
        ])
    func ours(text: String) {
        #expect(ConfigurationLoaderTests.problems(text).count > 1)
    }
}
