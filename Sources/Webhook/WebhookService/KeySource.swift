import Configuration
import Entra
import SafeText
import SigningKeys

/// Everything that a tenant's signing keys depend on.
struct KeySource: Equatable {
    private let cloud: Cloud
    private let settings: SigningKeySettings
    /// Compared by bytes, because `==` on `String` treats some different paths and addresses as equal.
    private let texts: [ExactText?]

    private init(_ tenant: TenantSettings) {
        cloud = tenant.trust.cloud
        settings = tenant.signingKeys
        texts = [tenant.trust.authority, tenant.authorityCA, settings.cacheFile, settings.file, settings.proxy].map {
            $0.map { ExactText($0) }
        }
    }

    /// The source of each tenant's keys, by tenant ID.
    static func all(_ configuration: WebhookConfiguration) -> [GUID: KeySource] {
        Dictionary(
            configuration.tenants.map { ($0.trust.tenantID, KeySource($0)) }, uniquingKeysWith: { first, _ in first })
    }
}
