internal import Configuration
internal import EntraTokens
internal import Glibc
internal import Inspection
internal import Kubeconfigs

/// What is wrong with kubelogin's arguments, before it is run.
struct KubeloginAdvice {
    struct Finding {
        let sentence: String
        let hint: String
    }

    let plugin: ExecPlugin
    /// Nil: what the cluster takes is not known.
    let configuration: WebhookConfiguration?

    var findings: [Finding] {
        [command, login, serverID, tenantID, environment, credentials, proof].compactMap { $0 }
    }

    private var login: Finding? {
        guard let login = plugin.option("--login", "-l") else { return nil }
        let known = KubeconfigCommand.Login.allCases.map(\.rawValue)
        if !known.contains(login) {
            return Finding(
                sentence: "kubelogin has no way to sign in that is called \(login)",
                hint: "set --login to one of \(known.joined(separator: ", "))")
        }
        for (way, program) in [("azurecli", "az"), ("azd", "azd")]
        where login == way && PluginProcess.find(program) == nil {
            return Finding(
                sentence: "--login \(way) needs the program \(program), which is not in PATH",
                hint: "install it and run `\(program == "az" ? "az login" : "azd auth login")`, or use another --login")
        }
        return nil
    }

    private var command: Finding? {
        guard plugin.arguments.first != "get-token" else { return nil }
        return Finding(sentence: "kubelogin is not told to get a token", hint: "the first of args must be get-token")
    }

    private var serverID: Finding? {
        guard let given = plugin.option("--server-id") else {
            return Finding(
                sentence: "kubelogin is not told which application the token is for",
                hint: "add --server-id \(wantedAudience ?? "with the cluster's application ID")")
        }
        if let configuration {
            let known = tenants(configuration).flatMap(\.trust.audiences)
            if known.contains(where: { KubeloginAdvice.isSame($0, given) }) { return nil }
            return Finding(
                sentence: "--server-id is \(WellKnownApplication.described(given)), which this cluster does not take",
                hint: "set --server-id to \(wantedAudience ?? "an audience of the configuration")")
        }
        let described = WellKnownApplication.described(given)
        guard described.contains("Graph") || described.contains("Resource Manager") else { return nil }
        return Finding(
            sentence: "--server-id is \(described), which is no cluster",
            hint: "set --server-id to the cluster's application ID")
    }

    private var tenantID: Finding? {
        guard let configuration else { return nil }
        guard let given = plugin.option("--tenant-id", "-t") else { return nil }
        let known = configuration.tenants.map(\.trust.tenantID)
        guard let id = GUID(lenient: given) else { return nil }
        guard !known.contains(id) else { return nil }
        return Finding(
            sentence: "--tenant-id is \(given), which this cluster does not trust",
            hint: "set --tenant-id to \(known.map(\.description).joined(separator: " or "))")
    }

    private var environment: Finding? {
        guard let configuration, let given = plugin.option("--environment", "-e") else { return nil }
        let wanted = tenants(configuration).filter { $0.trust.authority == nil }
            .map(\.trust.cloud.kubeloginEnvironment)
        guard !wanted.isEmpty, !wanted.contains(where: { $0.lowercased() == given.lowercased() }) else { return nil }
        return Finding(
            sentence: "--environment is \(given), and the tenant is in another cloud",
            hint: "set --environment to \(wanted[0])")
    }

    /// What ways of signing in without a person take from the environment.
    private var credentials: Finding? {
        let login = plugin.option("--login", "-l")
        func isSet(_ names: String...) -> Bool {
            names.contains { name in
                getenv(name) != nil || plugin.environment.contains { $0.name == name && !$0.value.isEmpty }
            }
        }
        switch login {
        case "spn":
            let hasSecret =
                plugin.option("--client-secret", "--client-certificate") != nil
                || isSet(
                    "AAD_SERVICE_PRINCIPAL_CLIENT_SECRET", "AZURE_CLIENT_SECRET",
                    "AAD_SERVICE_PRINCIPAL_CLIENT_CERTIFICATE", "AZURE_CLIENT_CERTIFICATE_PATH")
            return hasSecret
                ? nil
                : Finding(
                    sentence: "--login spn needs a secret or a certificate, and there is none",
                    hint: "set AAD_SERVICE_PRINCIPAL_CLIENT_SECRET, or AZURE_CLIENT_SECRET")
        case "workloadidentity":
            return plugin.option("--federated-token-file") != nil || isSet("AZURE_FEDERATED_TOKEN_FILE")
                ? nil
                : Finding(
                    sentence: "--login workloadidentity needs a federated token, and there is none",
                    hint: "set AZURE_FEDERATED_TOKEN_FILE, or --federated-token-file")
        default: return nil
        }
    }

    private var proof: Finding? {
        guard let configuration else { return nil }
        let isBound = plugin.arguments.contains { $0 == "--pop-enabled" || $0 == "--pop-enabled=true" }
        let rules = Set(tenants(configuration).map(\.trust.proofOfPossession))
        if isBound, rules == [.off] {
            return Finding(
                sentence: "kubelogin makes bound tokens, and this cluster takes none", hint: "remove --pop-enabled")
        }
        guard !isBound, rules == [.require] else { return nil }
        let host = tenants(configuration).lazy.compactMap(\.trust.clusterHost).first ?? "<cluster host>"
        return Finding(
            sentence: "this cluster takes bound tokens only",
            hint: "add --pop-enabled and --pop-claims \"u=\(host)\"")
    }

    /// The tenants that kubelogin may mean.
    private func tenants(_ configuration: WebhookConfiguration) -> [TenantSettings] {
        let given = plugin.option("--tenant-id", "-t").flatMap { GUID(lenient: $0) }
        let matching = configuration.tenants.filter { $0.trust.tenantID == given }
        return matching.isEmpty ? configuration.tenants : matching
    }

    private var wantedAudience: String? {
        configuration.flatMap { tenants($0).lazy.compactMap(\.trust.audiences.first).first }
    }

    /// Whether both mean the same application, `spn:` in front or not.
    static func isSame(_ one: String, _ other: String) -> Bool {
        func bare(_ text: String) -> String {
            (text.hasPrefix("spn:") ? String(text.dropFirst(4)) : text).lowercased()
        }
        return bare(one) == bare(other)
    }
}
