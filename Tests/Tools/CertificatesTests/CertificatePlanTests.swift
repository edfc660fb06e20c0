import Certificates
import OpenSSL
import Testing
import Timestamps

@Suite struct CertificatePlanTests {
    private static let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

    private static func plan(_ hosts: [String] = [], client: String? = nil, days: Int = 365) -> CertificatePlan {
        CertificatePlan(
            hosts: hosts.compactMap { CertificateHost($0)?.name },
            terms: CertificateTerms(clientName: client, days: days), now: now)
    }

    private static func certificate(_ name: String, in files: [CertificateFile]) throws -> Certificate {
        try Certificate(pem: try #require(files.first { $0.name == name }).bytes)
    }

    @Test("a first run makes a CA, and a server and a client that it signed")
    func firstRun() throws {
        var plan = Self.plan()
        let files = try plan.make(authority: nil)
        let authority = try Self.certificate("ca.crt", in: files)
        let server = try Self.certificate("server.crt", in: files)
        let client = try Self.certificate("client.crt", in: files)
        #expect(authority.isCA)
        #expect(server.isSigned(by: authority))
        #expect(client.isSigned(by: authority))
        #expect(server.dnsNames == ["localhost"])
        #expect(Set(server.ipAddresses) == ["127.0.0.1", "::1"])
        #expect(client.commonName == "kube-apiserver")
        #expect(!client.isCA)
    }

    @Test("keys are for their owner alone, certificates for everybody")
    func modes() throws {
        var plan = Self.plan()
        for file in try plan.make(authority: nil) {
            #expect(file.mode == (file.name.hasSuffix(".key") ? 0o600 : 0o644), "\(file.name)")
        }
    }

    @Test("a CA that is there stays, and nothing that it signs outlives it")
    func renewal() throws {
        let key = try PrivateKey.generateP256()
        let end = Self.now.adding(seconds: 40 * 86_400)
        let authority = try Certificate.selfSigned(
            CertificateContents(
                subject: CertificateName(commonName: "old"), notBefore: Self.now, notAfter: end,
                profile: .certificateAuthority), key: key)
        var plan = Self.plan(["10.96.0.20", "webhook.example"], client: "node-1")
        let files = try plan.make(authority: (authority, key))
        #expect(!files.contains { $0.name == "ca.key" || $0.name == "ca.crt" })
        let server = try Self.certificate("server.crt", in: files)
        #expect(server.isSigned(by: authority))
        #expect(server.notAfter == end)
        #expect(server.dnsNames == ["webhook.example"])
        #expect(try Self.certificate("client.crt", in: files).commonName == "node-1")
    }

    @Test(
        "hosts are DNS names and IP addresses, and nothing that only looks like one",
        arguments: [
            ("localhost", "localhost"), ("WebHook.Example", "webhook.example"), ("*.example.com", "*.example.com"),
            ("10.0.0.1", "10.0.0.1"), ("::1", "::1"), ("10.0.0.256", nil), ("", nil), ("a..b", nil), ("-a.b", nil),
            ("a b", nil), ("*.com", nil), ("https://a", nil), ("a:443", nil), ("a\u{200B}.example", nil),
        ] as [(String, String?)])
    func hosts(text: String, expected: String?) {
        #expect(CertificateHost(text)?.name.text == expected)
    }

    @Test(
        "a common name is what people can read",
        arguments: [
            ("kube-apiserver", true), ("Zoë", true), ("a b", true), ("", false), (" a", false), ("a ", false),
            ("a\u{200B}b", false), ("a\u{202E}b", false), ("a\u{A0}b", false), ("a\u{9B}b", false), ("a\nb", false),
            (String(repeating: "x", count: 64), true), (String(repeating: "x", count: 65), false),
        ])
    func commonNames(text: String, isName: Bool) {
        #expect(CertificateHost.isCommonName(text) == isName)
    }

    @Test("a host that is named twice stands in the certificate once")
    func once() {
        #expect(Self.plan(["a.example", "A.example", "b.example"]).hosts.map(\.text) == ["a.example", "b.example"])
    }
}
