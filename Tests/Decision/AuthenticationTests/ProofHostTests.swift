import Testing

@testable import Authentication

@Suite struct ProofHostTests {
    @Test(
        "hosts are compared without case, in ASCII only",
        arguments: [
            ("kube.example", true), ("KUBE.Example", true), ("\u{212A}ube.example", false), ("kube.example.", false),
            ("kube.exampl", false), ("", false), ("[ube.example", false),
        ])
    func compare(host: String, isSame: Bool) {
        #expect(SignedHTTPRequest.isSameHost(host, "kube.example") == isSame)
    }
}
