import Terminal
import Testing
import WebhookReview

@Suite struct ReviewRequestTests {
    private static func request(_ change: (inout ReviewRequest) -> Void = { _ in }) -> ReviewRequest {
        var request = ReviewRequest(
            config: "kube-entra.yaml", kubeconfig: nil, server: nil, authority: nil, certificate: nil, key: nil,
            timeout: 30)
        change(&request)
        return request
    }

    @Test("a webhook is found by its configuration or by kube-apiserver's file")
    func accepted() throws {
        try Self.request().check()
        try Self.request { ($0.config, $0.kubeconfig) = (nil, "webhook.yaml") }.check()
        try Self.request { ($0.server, $0.certificate, $0.key) = ("https://[::1]:8443/authenticate", "c", "k") }.check()
    }

    @Test(
        "options that are missing, wrong or do not go together are wrong usage",
        arguments: [
            (request { $0.config = nil }, "give either --config or --kubeconfig"),
            (request { $0.kubeconfig = "x" }, "give either --config or --kubeconfig"),
            (
                request { $0.server = "http://127.0.0.1:8443" },
                "--server must be an address such as https://127.0.0.1:8443/authenticate"
            ),
            (
                request { $0.server = "https://kube.example?x" },
                "--server must be an address such as https://127.0.0.1:8443/authenticate"
            ),
            (request { $0.key = "k" }, "--certificate and --key belong together"),
            (request { $0.timeout = 0 }, "--timeout must be from 1 to 3600 seconds"),
            (request { $0.timeout = 3601 }, "--timeout must be from 1 to 3600 seconds"),
        ])
    func refused(request: ReviewRequest, sentence: String) {
        #expect(throws: UsageProblem(sentence)) { try request.check() }
    }
}
