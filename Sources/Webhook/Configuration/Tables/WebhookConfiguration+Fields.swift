import AccessPolicy
import Authentication
import Entra
import SafeText
import SigningKeys
import YAML

extension WebhookConfiguration {
    /// The description of the whole file.
    static let description = SectionDescription<WebhookConfiguration>(
        WebhookConfiguration(),
        [
            FieldDescription(
                "apiVersion", \.apiVersion, .constant("kube-entra.dev/v1"), "the version of this format",
                required: "write apiVersion: kube-entra.dev/v1", isEssential: false),
            FieldDescription(
                "kind", \.kind, .constant("WebhookConfiguration"), "what the file is",
                required: "write kind: WebhookConfiguration", isEssential: false),
            FieldDescription(
                "server", \.server, .section(ServerSettings.description), "where the webhook answers, and to whom",
                isShown: true),
            FieldDescription(
                "tenants", \.tenants, .tenants, "the Entra tenants whose principals may sign in",
                required: "list at least one tenant", isEssential: false, change: .tenants),
            FieldDescription(
                "kubernetes", \.kubernetes, .section(KubernetesPolicy.description),
                "how principals are named in the cluster", isShown: true),
            FieldDescription(
                "limits", \.limits, .section(LimitSettings.description),
                "limits of a request, a connection and the process"),
            FieldDescription(
                "verifiedTokenCache", \.verifiedTokenCache, .section(DecisionCache.Limits.description),
                "the cache of accepted tokens"),
            FieldDescription(
                "logging", \.logging, .section(LoggingSettings.description), "log lines and the audit file",
                isShown: true),
            FieldDescription(
                "names", \.names, .optional(.file(.names)),
                "display names shown beside object IDs, for people only",
                details: "Written by `kube-entra names fetch` or by hand. No decision uses it and no group is named"
                    + " by it, because display names are not unique."),
        ])

    // The only accepted values of these two fields.
    private var apiVersion: String {
        get { "kube-entra.dev/v1" }
        set {}
    }

    private var kind: String {
        get { "WebhookConfiguration" }
        set {}
    }

    /// The fields of a configuration, for documents, the JSON Schema and tests.
    public static var form: SectionForm { description.form }

    /// The whole configuration with every field, as a file would have it.
    public var written: ConfigValue { WebhookConfiguration.description.write(self) }
}

extension FieldType where Value == [TenantSettings] {
    /// Each tenant once, each with its own cache file.
    static var tenants: Self {
        let element = FieldType<TenantSettings>.section(TenantSettings.description)
        var type = FieldType.list(element, notEmpty: "list at least one tenant")
        type = FieldType(type.form) { field in
            var seen: [GUID: Int] = [:]
            var caches: [[ExactText]: Int] = [:]
            var index = -1
            return field.nonEmptyList("list at least one tenant") { one -> TenantSettings? in
                index += 1
                guard one.node.mapping != nil else {
                    return one.refuse("must be a mapping of fields, not \(one.node.kindName)")
                }
                guard let tenant = element.read(one) else { return nil }
                if let first = seen[tenant.trust.tenantID] {
                    one.inner("tenantID")?.report("is the tenant of tenants[\(first)] again; list each tenant once")
                    return nil
                }
                seen[tenant.trust.tenantID] = index
                let parts = tenant.signingKeys.cacheFile?.split(separator: "/").filter { $0 != "." }
                if let cache = parts?.map({ ExactText(String($0)) }) {
                    if let first = caches[cache] {
                        one.inner("signingKeys")?.inner("cacheFile")?
                            .report("is the cache file of tenants[\(first)] too; each tenant needs its own")
                        return nil
                    }
                    caches[cache] = index
                }
                return tenant
            }
        } write: {
            .list($0.map(element.write))
        }
        type.lint = { tenants, place in
            tenants.enumerated().flatMap { element.lint?($1, place.element($0)) ?? [] }
        }
        return type
    }
}
