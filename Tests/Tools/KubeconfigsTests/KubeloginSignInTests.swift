import Kubeconfigs
import Terminal
import Testing
import Timestamps
import YAML

@Suite("kubelogin's arguments")
struct KubeloginSignInTests {
    static func signIn(_ login: KubeloginMethod, client: String? = nil, tenant: String? = "t") -> KubeloginSignIn {
        KubeloginSignIn(
            login: login, tenantID: tenant, serverID: "s", clientID: client, environment: "AzurePublicCloud",
            authority: "https://login.example")
    }

    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let signIn: KubeloginSignIn
        let arguments: String
        var testDescription: String { name }
    }

    @Test(
        "the arguments of kubelogin are read",
        arguments: [
            Sample(
                name: "a person signs in with the client application of AKS", signIn: signIn(.devicecode),
                arguments: "get-token --login devicecode --server-id s --client-id 80faf920-1908-4b52-b5ef-a8e7bedfc67a"
                    + " --tenant-id t --environment AzurePublicCloud"),
            Sample(
                name: "an application's ID may come from the environment", signIn: signIn(.spn),
                arguments: "get-token --login spn --server-id s --tenant-id t --environment AzurePublicCloud"),
            Sample(
                name: "a managed identity has no tenant", signIn: signIn(.msi, client: "c"),
                arguments: "get-token --login msi --server-id s --client-id c"),
            Sample(
                name: "the Azure CLI hears of a tenant that was asked for", signIn: signIn(.azurecli),
                arguments: "get-token --login azurecli --server-id s --tenant-id t"),
            Sample(
                name: "the Azure CLI hears of no other tenant", signIn: signIn(.azurecli, tenant: nil),
                arguments: "get-token --login azurecli --server-id s"),
        ])
    func arguments(_ sample: Sample) throws {
        #expect(try sample.signIn.arguments().joined(separator: " ") == sample.arguments)
    }

    @Test("what a method needs and nobody named is wrong usage")
    func missing() {
        let failure = #expect(throws: CommandFailure.self) {
            try Self.signIn(.azurepipelines).arguments()
        }
        #expect(failure?.sentence == "--client-id is missing" && failure?.status == .usage)
    }

    @Test("a required proof of possession needs a method that makes one", arguments: KubeloginMethod.allCases)
    func proofs(_ login: KubeloginMethod) throws {
        var signIn = Self.signIn(login, client: "c")
        signIn.proofHost = "cluster.example"
        if login.makesProofs {
            #expect(try signIn.arguments().suffix(3) == ["--pop-enabled", "--pop-claims", "u=cluster.example"])
        } else {
            #expect(throws: CommandFailure.self) { try signIn.arguments() }
        }
    }

    @Test("the kubeconfig is one that kubectl reads, with hints or without", arguments: [nil, "{\"a\":\"b\"}"])
    func kubeconfig(_ hints: String?) throws {
        var signIn = Self.signIn(.devicecode)
        signIn.hints = hints
        let text = UserKubeconfig(
            name: "na\"me", server: "https://c.example", authority: [1], user: try signIn.exec()
        ).text
        let access = try Kubeconfig.parse(Array(text.utf8), path: "/k").access()
        #expect(access.cluster.server == "https://c.example")
        #expect(text.contains("command: " + (hints == nil ? "kubelogin" : "kube-entra")))
    }
}

@Suite("The files of kube-apiserver")
struct WebhookFileTests {
    @Test(
        "each release gets a form of the file that it knows",
        arguments: [
            ("1.33", .stable), ("v1.34", .stableWithCacheFields), ("1.34.2+k3s1", .stableWithCacheFields),
            ("2.0", .stableWithCacheFields), ("1.32.0", .stable), ("1.31", .beta), ("v1.30.12", .beta), ("1.29", nil),
            ("v1.9", nil), ("0.33", nil), ("1", nil), ("one.two", nil), ("-1.34", nil), ("1.", nil),
        ] as [(String, AuthorizationConfiguration.Form?)])
    func versions(version: String, form: AuthorizationConfiguration.Form?) {
        #expect(KubernetesRelease(version).flatMap { AuthorizationConfiguration.Form(for: $0) } == form)
    }

    @Test(
        "an address at which the webhook does not answer is named with the right one",
        arguments: [
            (.authentication, "https://h", "https://h/authenticate"),
            (.authentication, "https://h:8443//", "https://h:8443/authenticate"),
            (.authentication, "https://h/authorize", "https://h/authenticate"),
            (.authentication, "https://h/authenticate/", "https://h/authenticate"),
            (.authentication, "https://h/authenticate", nil), (.authentication, "https://h/tokenreviews", nil),
            (.authorization, "https://h", "https://h/authorize"),
            (.authorization, "https://[::1]:8443/authenticate", "https://[::1]:8443/authorize"),
            (.authorization, "https://h/authorize", nil),
        ] as [(WebhookKubeconfig.Purpose, String, String?)])
    func paths(purpose: WebhookKubeconfig.Purpose, server: String, corrected: String?) {
        let problem = purpose.pathProblem(server)
        #expect(problem.map { $0.hasPrefix(server + " ") } ?? true)
        #expect(problem?.split(separator: " ").last.map(String.init) == corrected)
    }

    @Test("the comment of the webhook's file names the flag that takes it")
    func purposes() {
        var file = WebhookKubeconfig(server: "https://h/a", authority: .file("/ca"), client: nil)
        #expect(file.text.contains("#   --authentication-token-webhook-config-file=THIS FILE\n"))
        file.purpose = .authorization
        #expect(file.text.contains("#   kubeConfigFile in the file of --authorization-config\napiVersion"))
    }

    @Test("certificates that are not there are named, unless somebody says where they lie elsewhere")
    func certificates() throws {
        var files = WebhookCertificates(folder: "/nonexistent")
        #expect(throws: CommandFailure.self) { try files.sources(for: "https://h/a", now: .now()) }
        files.authority = "/a.crt"
        files.clientCertificate = "/b.crt"
        files.clientKey = "/b.key"
        let sources = try files.sources(for: "https://h/a", now: .now())
        #expect(sources.authority == .file("/a.crt") && sources.client.key == .file("/b.key"))
        #expect(sources.notes.count(where: { $0.contains("was not checked") }) == 3)
        files.isEmbedded = true
        #expect(throws: CommandFailure.self) { try files.sources(for: "https://h/a", now: .now()) }
    }
}
