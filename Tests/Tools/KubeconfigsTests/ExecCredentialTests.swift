import Kubeconfigs
import Testing

@Suite struct ExecCredentialTests {
    static let version = "client.authentication.k8s.io/v1beta1"

    static func text(_ status: String, kind: String = "ExecCredential", version: String = version) -> [UInt8] {
        Array("{\"kind\":\"\(kind)\",\"apiVersion\":\"\(version)\",\"status\":\(status)}\n".utf8)
    }

    @Test("a plugin's token is read")
    func token() throws {
        let status = #"{"token":"t","expirationTimestamp":"2030-01-01T00:00:00Z"}"#
        let credential = try ExecCredential(decoding: Self.text(status), apiVersion: Self.version)
        #expect(credential.token == "t" && credential.expires == "2030-01-01T00:00:00Z")
        #expect(!credential.hasClientCertificate)
        let certificate = Self.text(#"{"clientCertificateData":"c","clientKeyData":"k"}"#)
        #expect(try ExecCredential(decoding: certificate, apiVersion: Self.version).token == nil)
    }

    @Test(
        "what is no credential is named",
        arguments: [
            ([], ExecCredentialProblem.nothing), (Array("\n".utf8), .nothing), (Array("x".utf8), .notJSON),
            (Array("[]".utf8), .notJSON), ([0xFF], .notJSON), (text("{}", kind: "x"), .wrongKind),
            (text("{}", version: "client.authentication.k8s.io/v1"), .wrongVersion), (text("null"), .noCredential),
            (text("{}"), .noCredential), (text(#"{"token":""}"#), .noCredential),
            (text(#"{"token":1}"#), .noCredential),
        ])
    func problems(output: [UInt8], problem: ExecCredentialProblem) {
        #expect(throws: problem) { try ExecCredential(decoding: output, apiVersion: Self.version) }
        #expect(!problem.sentence.isEmpty)
    }

    @Test("what a plugin is told")
    func request() {
        #expect(
            ExecCredential.request(apiVersion: "v", isInteractive: true, cluster: nil)
                == #"{"kind":"ExecCredential","apiVersion":"v","spec":{"interactive":true}}"#)
    }

    @Test(
        "plugins that kubectl would not run",
        arguments: [
            ("", "kubelogin", nil, ExecPlugin.Refusal.unknownVersion),
            ("client.authentication.k8s.io/v1alpha1", "kubelogin", nil, .removedVersion),
            ("client.authentication.k8s.io/v1", "kubelogin", nil, .noInteractiveMode),
            ("client.authentication.k8s.io/v1", "kubelogin", .always, .noTerminal),
            ("client.authentication.k8s.io/v1", "kubelogin", .never, nil), (version, "kubelogin", nil, nil),
            (version, "", nil, .noCommand),
        ] as [(String, String, ExecPlugin.InteractiveMode?, ExecPlugin.Refusal?)])
    func refusals(
        version: String, command: String, mode: ExecPlugin.InteractiveMode?, expected: ExecPlugin.Refusal?
    ) {
        var plugin = ExecPlugin()
        plugin.apiVersion = version
        plugin.command = command
        plugin.interactiveMode = mode
        #expect(plugin.refusal(hasTerminal: false) == expected)
        #expect(!plugin.isInteractive(hasTerminal: false))
        #expect(plugin.isInteractive(hasTerminal: true) == (mode != .never))
    }
}
