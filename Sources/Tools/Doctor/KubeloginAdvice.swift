import Configuration
import CredentialPlugin
import Entra
import Glibc
import Inspection
import Kubeconfigs
import SafeText

/// Finds mistakes in kubelogin's arguments before it runs.
struct KubeloginAdvice {
    struct Finding {
        let sentence: String
        let hint: String
    }

    let plugin: ExecPlugin
    /// Nil if it is unknown what the cluster accepts.
    let configuration: WebhookConfiguration?

    var findings: [Finding] {
        [command, login, serverID, override, tenantID, environment, credentials, proof].compactMap { $0 }
    }

    /// kubelogin's login method; the environment takes precedence over the argument.
    ///
    /// Source: kubelogin, `Options.UpdateFromEnv`.
    var method: String? { variable("AAD_LOGIN_METHOD") ?? plugin.option("--login", "-l") }

    /// A variable of the plugin's environment.
    private func variable(_ name: String) -> String? {
        let given = plugin.environment.last { $0.name == name }?.value
        return (given ?? getenv(name).map { String(cString: $0) }).flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The tenant from which kubelogin requests tokens, and the variable that sets it, if one does.
    private var tenant: (id: String, variable: String?)? {
        let isFixed = plugin.arguments.contains { $0.hasPrefix("--disable-environment-override") }
        if !isFixed, let id = variable("AZURE_TENANT_ID") { return (id, "AZURE_TENANT_ID") }
        return plugin.option("--tenant-id", "-t").map { ($0, nil) }
    }

    private var login: Finding? {
        guard let login = method else { return nil }
        let known = KubeloginMethod.allCases.map(\.rawValue)
        if !known.contains(login) {
            let isVariable = variable("AAD_LOGIN_METHOD") != nil
            return Finding(
                sentence: "kubelogin has no way to sign in that is called \(PrintableText.clean(login))"
                    + (isVariable ? ", which AAD_LOGIN_METHOD asks for" : ""),
                hint: "set \(isVariable ? "AAD_LOGIN_METHOD" : "--login") to one of \(known.joined(separator: ", "))")
        }
        for (way, program) in [("azurecli", "az"), ("azd", "azd")]
        where login == way && (try? ChildProcess.find(program)) == nil {
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
            if known.contains(where: { KubeloginAdvice.isSame($0.text, given) }) { return nil }
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

    /// A variable that was set for another program may choose another tenant than the kubeconfig.
    private var override: Finding? {
        guard let tenant, let variable = tenant.variable, let written = plugin.option("--tenant-id", "-t"),
            written.lowercased() != tenant.id.lowercased()
        else { return nil }
        let known = configuration?.tenants.map(\.trust.tenantID) ?? []
        if let id = GUID(lenient: tenant.id), known.contains(id) { return nil }
        return Finding(
            sentence:
                "\(variable) in the environment is \(PrintableText.clean(tenant.id)), and kubelogin takes it instead"
                + " of --tenant-id \(PrintableText.clean(written))",
            hint: "unset \(variable) where kubectl runs, or set it in the kubeconfig's exec.env")
    }

    private var tenantID: Finding? {
        guard let configuration, let tenant, override == nil else { return nil }
        let known = configuration.tenants.map(\.trust.tenantID)
        guard let id = GUID(lenient: tenant.id), !known.contains(id) else { return nil }
        let name = tenant.variable ?? "--tenant-id"
        return Finding(
            sentence: "\(name) is \(tenant.id), which this cluster does not trust",
            hint: "set \(name) to \(known.map(\.description).joined(separator: " or "))")
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

    /// What non-interactive login methods read from the environment.
    private var credentials: Finding? {
        func isSet(_ names: String...) -> Bool { names.contains { variable($0) != nil } }
        switch method {
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
        case "ropc":
            let hasName = plugin.option("--username") != nil || isSet("AAD_USER_PRINCIPAL_NAME", "AZURE_USERNAME")
            let hasPassword =
                plugin.option("--password") != nil || isSet("AAD_USER_PRINCIPAL_PASSWORD", "AZURE_PASSWORD")
            return hasName && hasPassword
                ? nil
                : Finding(
                    sentence: "--login ropc needs a name and a password, and there is none",
                    hint: "set AAD_USER_PRINCIPAL_NAME and AAD_USER_PRINCIPAL_PASSWORD; better, use --login devicecode")
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
        let isBound = plugin.arguments.contains { $0 == "--pop-enabled" || $0 == "--pop-enabled=true" }
        let claims = plugin.option("--pop-claims")
        if isBound != (claims != nil) {
            return Finding(
                sentence: "--pop-enabled and --pop-claims belong together, and kubelogin refuses one alone",
                hint: isBound ? "add --pop-claims \"u=\(clusterHost)\"" : "add --pop-enabled, or remove --pop-claims")
        }
        guard let configuration else { return nil }
        let rules = Set(tenants(configuration).map(\.trust.proofOfPossession))
        if isBound, rules == [.off] {
            return Finding(
                sentence: "kubelogin makes bound tokens, and this cluster takes none",
                hint: "remove --pop-enabled and --pop-claims")
        }
        if let host = claims?.split(separator: ",").first(where: { $0.hasPrefix("u=") })?.dropFirst(2),
            host.lowercased() != clusterHost.lowercased()
        {
            return Finding(
                sentence: "--pop-claims has u=\(PrintableText.clean(String(host))), and this cluster is \(clusterHost)",
                hint: "set --pop-claims \"u=\(clusterHost)\"")
        }
        guard !isBound, rules == [.require] else { return nil }
        return Finding(
            sentence: "this cluster takes bound tokens only",
            hint: "add --pop-enabled and --pop-claims \"u=\(clusterHost)\"")
    }

    private var clusterHost: String {
        configuration.flatMap { tenants($0).lazy.compactMap(\.trust.clusterHost).first } ?? "<cluster host>"
    }

    /// The tenants that kubelogin may mean.
    private func tenants(_ configuration: WebhookConfiguration) -> [TenantSettings] {
        let given = tenant.flatMap { GUID(lenient: $0.id) }
        let matching = configuration.tenants.filter { $0.trust.tenantID == given }
        return matching.isEmpty ? configuration.tenants : matching
    }

    private var wantedAudience: String? {
        configuration.flatMap { tenants($0).lazy.compactMap(\.trust.audiences.first?.text).first }
    }

    /// Whether both are the same application, with or without `spn:`.
    static func isSame(_ one: String, _ other: String) -> Bool {
        func bare(_ text: String) -> String {
            (text.hasPrefix("spn:") ? String(text.dropFirst(4)) : text).lowercased()
        }
        return bare(one) == bare(other)
    }
}
