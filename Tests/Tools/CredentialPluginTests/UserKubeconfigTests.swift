import CredentialPlugin
import Entra
import Kubeconfigs
import Terminal
import TestSupport
import Testing
import Timestamps

@Suite("The kubeconfig of a person, from options and a configuration")
struct UserKubeconfigTests {
    private static let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

    private static func options(_ change: (inout UserKubeconfigOptions) -> Void = { _ in }) -> UserKubeconfigOptions {
        var options = UserKubeconfigOptions(server: "https://cluster.example:6443")
        change(&options)
        return options
    }

    /// The words of the command that kubectl runs.
    private static func words(_ options: UserKubeconfigOptions, hasDesktop: Bool = false) throws -> [String] {
        let kubeconfig = try options.kubeconfig(authority: nil, hasDesktop: hasDesktop, now: now)
        let user = try Kubeconfig.parse(Array(kubeconfig.text.utf8), path: "/k").access().user
        return user.plugin.map { [$0.command] + $0.arguments } ?? []
    }

    private static func configuration(_ fields: String = "", tenants: [String] = [TestTenant.id]) -> String {
        """
        apiVersion: kube-entra.dev/v1
        kind: WebhookConfiguration
        server: {certificate: server.crt, privateKey: server.key, clientCA: ca.crt}
        tenants:
        \(tenants.map { "- {tenantID: \($0), audiences: [\(TestTenant.audience)]\(fields)}" }.joined(separator: "\n"))
        """
    }

    private func withConfiguration(
        _ text: String, _ body: (inout UserKubeconfigOptions) throws -> Void
    ) throws {
        try TemporaryFolder.with { folder throws in
            try folder.write("c.yaml", text)
            var options = Self.options { $0.config = folder.path("c.yaml") }
            try body(&options)
        }
    }

    @Test(
        "each cloud has kubelogin's name of it",
        arguments: [
            (nil, "AzurePublicCloud"), (.public, "AzurePublicCloud"), (.usGovernment, "AzureUSGovernmentCloud"),
            (.china, "AzureChinaCloud"),
        ] as [(Cloud?, String)])
    func clouds(cloud: Cloud?, environment: String) throws {
        let options = Self.options {
            $0.tenantID = TestTenant.id
            $0.serverID = TestTenant.audience
            $0.cloud = cloud
        }
        let words = try Self.words(options)
        #expect(
            words == [
                "kubelogin", "get-token", "--login", "devicecode", "--server-id", TestTenant.audience, "--client-id",
                TestTenant.client, "--tenant-id", TestTenant.id, "--environment", environment,
            ])
    }

    @Test("a browser signs in where there is a desktop, unless the options choose")
    func desktop() throws {
        var options = Self.options {
            $0.tenantID = TestTenant.id
            $0.serverID = TestTenant.audience
        }
        #expect(try Self.words(options, hasDesktop: true).contains("interactive"))
        #expect(try Self.words(options, hasDesktop: false).contains("devicecode"))
        options.login = .azurecli
        #expect(try Self.words(options, hasDesktop: true).contains("azurecli"))
    }

    @Test("what the options leave open comes from the configuration")
    func completed() throws {
        try withConfiguration(Self.configuration(", cloud: china")) { options throws in
            let words = try Self.words(options)
            for word in [TestTenant.audience, TestTenant.id, "AzureChinaCloud"] { #expect(words.contains(word)) }
            options.cloud = .usGovernment
            #expect(try Self.words(options).contains("AzureUSGovernmentCloud"))
            options.tenantID = TestTenant.otherID
            #expect(throws: CommandFailure.self) { try Self.words(options) }
        }
        let both = Self.configuration(tenants: [TestTenant.id, TestTenant.otherID])
        try withConfiguration(both) { options throws in
            #expect(throws: CommandFailure.self) { try Self.words(options) }
            options.tenantID = TestTenant.otherID
            #expect(try Self.words(options).contains(TestTenant.otherID))
        }
    }

    @Test(
        "proof of possession is asked for where the configuration requires it",
        arguments: [("off", false), ("accept", false), ("require", true)])
    func proofs(rule: String, isRequired: Bool) throws {
        let text = Self.configuration(", proofOfPossession: \(rule), clusterHost: cluster.example")
        try withConfiguration(text) { options throws in
            let words = try Self.words(options)
            #expect((words.suffix(3) == ["--pop-enabled", "--pop-claims", "u=cluster.example"]) == isRequired)
            #expect(words.contains(isRequired ? "interactive" : "devicecode"))
            for login in KubeloginMethod.allCases where isRequired && !login.makesProofs {
                options.login = login
                let failure = #expect(throws: CommandFailure.self) { try Self.words(options) }
                #expect(failure?.status == .usage)
            }
            options.login = nil
            options.form = .azure
            let old = Result { try options.kubeconfig(authority: nil, hasDesktop: false, now: Self.now) }
            #expect((try? old.get().text.contains("name: azure")) == (isRequired ? nil : true))
        }
    }

    @Test("an explained sign-in goes through this program, with hints that hold what anybody may know")
    func explained() throws {
        let text = Self.configuration(", adminGroupObjectIDs: [\(TestTenant.adminGroup)]")
        try withConfiguration(text) { options throws in
            options.isExplained = true
            let words = try Self.words(options)
            #expect(words.prefix(3) == ["kube-entra", "credential", "--hints"])
            let hints = try TokenHints(decoding: Array(words[3].utf8))
            #expect(hints.writtenAt == Self.now && hints.tenants.map(\.tenantID.description) == [TestTenant.id])
            #expect(words[4...].starts(with: ["--", "kubelogin", "get-token"]))
            #expect(!words[3].contains(TestTenant.adminGroup))
        }
    }
}
