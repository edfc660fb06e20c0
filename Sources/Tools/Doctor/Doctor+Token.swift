import AccessPolicy
import Authentication
import Configuration
import Entra
import EntraTokens
import Inspection
import Kubeconfigs
import SafeText
import Terminal
import Timestamps

extension Doctor {
    /// Explains the token with the webhook's own checks.
    mutating func inspect(_ token: PluginToken, access: KubeconfigAccess) throws {
        let input = TokenInput(Array(token.text.utf8))
        let snapshot: KeySnapshot? =
            if let keyFile {
                try OfflineKeys.read(
                    keyFile,
                    tenants: knownConfiguration?.tenants.map(\.trust) ?? InspectionReport.inferredTenants(input)
                )
            } else {
                configuration.flatMap { OfflineKeys.configured($0, now: serverTime).snapshot }
            }
        let inspection = InspectionReport(
            input, settings: knownConfiguration?.authentication, keys: snapshot, now: serverTime)
        report.inspection = inspection
        if let claims = inspection.claims, let mismatch = staleCache(claims, plugin: token.plugin) {
            report.add(.token, .failed, mismatch, hint: signInAgain(token.plugin))
            // The cluster's refusal follows from this, and other advice would contradict it.
            return
        }
        if knownConfiguration == nil, let audience = inspection.claims?.audience,
            let service = WellKnownApplication.otherService(audience)
        {
            report.add(
                .token, .failed, "the token is for \(service), which is no cluster",
                hint: "set --server-id to the cluster's application ID")
            return
        }
        if inspection.needsGroupResolution, inspection.reason == nil {
            report.add(.token, .warning, "more than 200 groups: the webhook has to ask Microsoft Graph for them")
            return
        }
        if let reason = inspection.reason {
            let failed = inspection.checks.filter { if case .failed = $0.outcome { true } else { false } }
            report.add(
                .token, .failed, "\(reason.code): \(inspection.message)",
                hint: inspection.hint)
            for check in failed where check.outcome != .failed(reason) {
                report.add(.token, .failed, check.detail, hint: check.hint)
            }
            return
        }
        guard report.steps.last?.name != .token else { return }
        let name = inspection.user?.username ?? inspection.claims?.userPrincipalName ?? inspection.claims?.objectID
        let who = inspection.claims?.expires.map { expires in
            "\(inspection.form.name) for \(PrintableText.clean(name ?? "nobody")) (\(inspection.kind.rawValue)), expires "
                + RelativeTime.describe(expires, now: inspection.now)
        }
        let trust =
            inspection.verdict == .accepted && configuration != nil
            ? "the webhook's checks take it"
            : hints != nil
                ? "what the kubeconfig knows of the cluster fits, the signature is not verified" : "not verified"
        report.add(.token, .passed, [who, trust].compactMap { $0 }.joined(separator: "; "))
    }

    /// How to sign out: each login method has its own cache.
    private func signInAgain(_ plugin: ExecPlugin?) -> String {
        let method = plugin.flatMap { KubeloginAdvice(plugin: $0, configuration: configuration).method }
        let tenant =
            ShellWord.quoted(
                plugin?.option("--tenant-id", "-t") ?? knownConfiguration?.tenants.first?.trust.tenantID.description
                    ?? "TENANT")
        switch method {
        case "azurecli": return "run `az login --tenant \(tenant)`: the Azure CLI is signed in somewhere else"
        case "azd": return "run `azd auth login --tenant-id \(tenant)`: azd is signed in somewhere else"
        default: return "run `kubelogin remove-cache-dir`, then sign in again"
        }
    }

    /// A token for another application than the requested one comes from a cache.
    private func staleCache(_ claims: EntraClaims, plugin: ExecPlugin?) -> String? {
        guard let plugin, plugin.isKubelogin else { return nil }
        if let wanted = plugin.option("--server-id"), let audience = claims.audience, GUID(lenient: wanted) != nil,
            !KubeloginAdvice.isSame(audience, wanted), GUID(lenient: audience) != nil
        {
            return "kubelogin was asked for a token for \(wanted) and gave one for \(audience)"
        }
        if let wanted = plugin.option("--tenant-id", "-t").flatMap({ GUID(lenient: $0) }),
            let tenant = claims.tenantID.flatMap({ GUID(lenient: $0) }), tenant != wanted
        {
            return "kubelogin was asked for tenant \(wanted) and gave a token of tenant \(tenant)"
        }
        return nil
    }
}
