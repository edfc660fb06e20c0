import Configuration
import Entra
import Kubeconfigs
import SafeText

/// How to convert an entry from before exec plugins.
enum AuthProviderAdvice {
    static func hint(_ provider: AuthProvider, kubeconfig: String, configuration: WebhookConfiguration?) -> String {
        guard provider.name == "azure" else { return "choose a context whose user signs in with kubelogin" }
        let settings = provider.settings
        let login = settings["client-secret"] == nil ? "devicecode" : "spn"
        var command = "kubelogin convert-kubeconfig -l \(login) --kubeconfig \(ShellWord.quoted(kubeconfig))"
        // Values that are missing or wrong in the entry become options.
        let tenant = configuration.flatMap { AuthProviderAdvice.tenant(settings["tenant-id"], in: $0) }
        let audiences = tenant?.trust.audiences.map(\.text) ?? []
        let given = settings["apiserver-id"]
        let isTaken = audiences.contains { KubeloginAdvice.isSame($0, given ?? "") }
        if given == nil || !audiences.isEmpty && !isTaken {
            command += " --server-id \(audiences.first.map(ShellWord.quoted) ?? "<server application ID>")"
        }
        if settings["client-id"] == nil { command += " --client-id <client application ID>" }
        let wanted = tenant?.trust.tenantID
        if settings["tenant-id"] == nil || wanted != nil && GUID(lenient: settings["tenant-id"] ?? "") != wanted {
            command += " --tenant-id \(wanted?.description ?? "<tenant ID>")"
        }
        let isLegacy = ["", "0"].contains(settings["config-mode"] ?? "")
        var hint = "convert it: `\(command)`; server, client and tenant IDs are taken over"
        if isLegacy { hint += ", and --legacy is added, which gives spn: audiences" }
        if login == "spn" { hint += ", the client secret is not: set AAD_SERVICE_PRINCIPAL_CLIENT_SECRET" }
        return hint
    }

    /// The tenant that the entry names, else the only one.
    private static func tenant(_ id: String?, in configuration: WebhookConfiguration) -> TenantSettings? {
        let id = id.flatMap { GUID(lenient: $0) }
        return configuration.tenants.first { $0.trust.tenantID == id }
            ?? (configuration.tenants.count == 1 ? configuration.tenants.first : nil)
    }
}
