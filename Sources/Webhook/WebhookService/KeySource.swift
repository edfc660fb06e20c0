import Configuration
import Entra
import SafeText

/// Everything that a tenant's signing keys depend on.
struct KeySource: Equatable {
    private let cloud: Cloud
    private let texts: [ExactText?]
    private let times: [Duration]

    private init(_ tenant: TenantSettings) {
        let keys = tenant.signingKeys
        cloud = tenant.trust.cloud
        texts = [tenant.trust.authority, tenant.authorityCA, keys.cacheFile, keys.file, keys.proxy].map { text in
            text.map { ExactText($0) }
        }
        times = [keys.refreshEvery, keys.unknownKeyRefreshInterval, keys.maximumAge]
    }

    /// The source of each tenant's keys, by tenant ID.
    static func all(_ configuration: WebhookConfiguration) -> [GUID: KeySource] {
        Dictionary(
            configuration.tenants.map { ($0.trust.tenantID, KeySource($0)) }, uniquingKeysWith: { first, _ in first })
    }
}
