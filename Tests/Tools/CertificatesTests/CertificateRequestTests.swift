import Certificates
import Terminal
import Testing

@Suite struct CertificateRequestTests {
    private static func request(_ change: (inout CertificateRequest) -> Void = { _ in }) -> CertificateRequest {
        var request = CertificateRequest(
            folder: "certs", hosts: [], terms: CertificateTerms(), isRenewal: false, isReplacing: false)
        change(&request)
        return request
    }

    @Test("usual requests are accepted, and with --renew the CA's days do not matter")
    func accepted() throws {
        try Self.request().check()
        try Self.request { $0.hosts = ["kube.example", "*.kube.example", "10.96.0.20", "::1"] }.check()
        try Self.request { ($0.terms.days, $0.terms.authorityDays, $0.isRenewal) = (400, 300, true) }.check()
        try Self.request { ($0.terms.clientName, $0.isReplacing) = ("front-proxy", true) }.check()
        try Self.request { $0.folder = "/etc/kube-entra/certs" }.check()
    }

    @Test(
        "folders of the system are wrong usage, by whatever path, also with --renew and --force",
        arguments: ["/", "/etc", "/usr/bin", "//etc/./", "/etc/../usr/bin/..", "/proc/self/root"])
    func systemFolder(path: String) {
        for change in [(false, false), (true, false), (false, true)] {
            let error = #expect(throws: UsageProblem.self) {
                try Self.request { ($0.folder, $0.isRenewal, $0.isReplacing) = (path, change.0, change.1) }.check()
            }
            #expect(error?.sentence.hasPrefix("--out must not be /") == true)
        }
    }

    @Test(
        "what cannot be made is wrong usage, with the option's name",
        arguments: [
            (request { $0.folder = "" }, "--out must name a folder"),
            (request { $0.terms.days = 0 }, "--days must be from 1 to 36500"),
            (request { $0.terms.days = 36_501 }, "--days must be from 1 to 36500"),
            (request { $0.terms.authorityDays = 0 }, "--ca-days must be from 1 to 36500"),
            (
                request { ($0.terms.days, $0.terms.authorityDays) = (400, 300) },
                "--days must not be more than --ca-days (300)"
            ),
            (
                request { ($0.isRenewal, $0.isReplacing) = (true, true) },
                "--renew replaces what it makes anyway; --force would replace the CA too"
            ),
            (
                request { $0.hosts = ["https://kube.example"] },
                "--host must be a DNS name or an IP address, without a scheme or a port"
            ),
            (
                request { $0.terms.clientName = "kube\u{200B}-apiserver" },
                "--client-name must be 1 to 64 characters that can be seen"
            ),
        ])
    func refused(request: CertificateRequest, sentence: String) {
        #expect(throws: UsageProblem(sentence)) { try request.check() }
    }
}
