import Kubeconfigs
import Testing

@Suite("What Talos needs")
struct TalosDocumentTests {
    @Test(
        "the form follows the release",
        arguments: [
            ("1.10", TalosDocument.Form.machineConfiguration), ("v1.13.2", .machineConfiguration),
            ("1.14", .machineConfiguration),
            ("1.15", .webhookDocument), ("v1.15.0", .webhookDocument), ("1.20", .webhookDocument),
        ])
    func release(_ text: String, form: TalosDocument.Form) {
        #expect(TalosDocument.Form(release: text) == form)
    }

    @Test("what is no release", arguments: ["", "1", "2.0", "1.x", "1.15.", "1.15.0.1", "latest"])
    func noRelease(text: String) {
        #expect(TalosDocument.Form(release: text) == nil)
    }

    @Test("the kubeconfig stands whole inside")
    func text() {
        let kubeconfig = WebhookKubeconfig(
            server: "https://10.96.0.20:8443/authenticate", authority: .data([1]), client: (.data([2]), .data([3]))
        ).text
        let new = TalosDocument(form: .webhookDocument, kubeconfig: kubeconfig).text
        #expect(new.contains("\nkind: KubeAuthenticationWebhookConfig\nversion: v1\n"))
        #expect(new.contains("\n  current-context: kube-entra\n") && !new.contains("extraArgs"))
        let old = TalosDocument(form: .machineConfiguration, kubeconfig: kubeconfig).text
        #expect(
            old.contains("\n        current-context: kube-entra\ncluster:\n")
                && old.contains("authentication-token-webhook-version: v1"))
        #expect(old.contains("refuses it beside a KubeAPIServerConfig document"), "1.14 is told why")
    }
}
