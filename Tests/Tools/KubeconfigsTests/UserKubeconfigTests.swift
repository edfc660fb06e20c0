import Kubeconfigs
import Testing

@Suite("The kubeconfig of kubeconfig user")
struct UserKubeconfigTests {
    @Test("without a CA it says what kubectl trusts then, and with one nothing", arguments: [nil, [UInt8]("PEM".utf8)])
    func note(authority: [UInt8]?) {
        let kubeconfig = UserKubeconfig(
            name: "a", server: "https://cluster.example:6443", authority: authority, user: "    exec: {}")
        #expect((kubeconfig.note == nil) == (authority != nil))
        #expect(kubeconfig.note?.hasPrefix("note: without --ca, kubectl trusts only the system's authorities") != false)
        #expect(kubeconfig.text.contains("certificate-authority-data: ") == (authority != nil))
    }
}
