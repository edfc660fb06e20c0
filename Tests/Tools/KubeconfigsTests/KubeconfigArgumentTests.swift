import Kubeconfigs
import Terminal
import Testing

@Suite struct KubeconfigArgumentTests {
    @Test(
        "the server is an https address without user, query or fragment",
        arguments: [
            ("https://kube.example", true), ("https://kube.example:6443/", true), ("https://10.0.0.1:8443/a/b", true),
            ("https://[fd00::1]:8443/authenticate", true), ("https://KUBE.example", true),
            ("http://kube.example", false),
            ("kube.example", false), ("https://", false), ("https://user@kube.example", false),
            ("https://kube.example?x=1", false), ("https://kube.example/#x", false), ("https://kube.example:0", false),
            ("https://kube.example:65536", false), ("https://kube.example:443x", false), ("https://[10.0.0.1]", false),
            ("https://[::1", false), ("https://10.0.0.256", false), ("https://kube example", false),
            ("https://kub\u{E9}.example", false),
        ])
    func servers(address: String, isAccepted: Bool) {
        #expect(KubeconfigText.isHTTPS(address) == isAccepted)
        do {
            try KubeconfigArgument.checkServer(address, example: "https://x")
            #expect(isAccepted)
        } catch {
            #expect(!isAccepted && error.sentence == "--server must be an address such as https://x")
        }
    }

    @Test(
        "the host of an address, as certificates name it",
        arguments: [
            ("https://Kube.example:6443/x", "kube.example"), ("https://[fd00::1]:8443", "fd00::1"),
            ("https://kube.example?x", "kube.example"), ("http://kube.example", ""),
        ])
    func hosts(address: String, host: String) {
        #expect(KubeconfigText.host(of: address) == host)
    }

    @Test("paths and names are not empty and can be seen")
    func printable() throws {
        try KubeconfigArgument.checkPaths(["certs", nil, "/a b"])
        #expect(throws: UsageProblem("a path is empty or has characters that a kubeconfig cannot hold")) {
            try KubeconfigArgument.checkPaths(["certs", ""])
        }
        #expect(throws: UsageProblem("--name is empty or has characters that a kubeconfig cannot hold")) {
            try KubeconfigArgument.checkPrintable("a\nb", option: "--name")
        }
    }

    @Test(
        "options of the authorization configuration have their form",
        arguments: [
            (nil, nil, nil), ("/etc/kubernetes", "1.34", nil), ("/etc/kubernetes", "v1.34.2", nil),
            (nil, "1.30", nil), (nil, "1.x", "--kubernetes must be a version such as 1.34 or v1.34.2"),
            ("etc", nil, "--mounted-at must be an absolute path, as the API server sees it"),
            ("", nil, "a path is empty or has characters that a kubeconfig cannot hold"),
            (nil, "newest", "--kubernetes must be a version such as 1.34 or v1.34.2"),
        ] as [(String?, String?, String?)])
    func authorization(mountedAt: String?, kubernetes: String?, sentence: String?) {
        do {
            try AuthorizationFiles.check(mountedAt: mountedAt, kubernetes: kubernetes)
            #expect(sentence == nil)
        } catch {
            #expect(error.sentence == sentence)
        }
    }
}
