import AccessPolicy
import Entra
import SafeText

/// The settings, with prepared look-ups for what every decision needs.
final class IssuerIndex: Sendable {
    let settings: AuthenticationSettings
    /// Issuer → its tenant and token version.
    private let issuers: [ExactText: KnownIssuer]
    /// Whether a tenant requires claims that only the configuration names.
    let readsClaimsByName: Bool
    /// Deny lists by tenant ID. Tenants with an empty list have no entry.
    let denyLists: [GUID: DenyList]
    /// What grants Kubernetes groups, by tenant ID.
    let grants: [GUID: GrantIndex]

    init(_ settings: AuthenticationSettings) {
        self.settings = settings
        var issuers: [ExactText: KnownIssuer] = [:]
        for tenant in settings.tenants {
            for version in TokenVersion.allCases {
                issuers[ExactText(tenant.trust.issuer(version))] = KnownIssuer(tenant: tenant, version: version)
            }
        }
        self.issuers = issuers
        readsClaimsByName = settings.tenants.contains { !$0.trust.requiredClaims.isEmpty }
        let lists = settings.tenants.map { ($0.trust.tenantID, DenyList($0.policy.denied)) }.filter { !$0.1.isEmpty }
        denyLists = Dictionary(lists, uniquingKeysWith: { first, _ in first })
        let grants = settings.tenants.map { ($0.trust.tenantID, GrantIndex($0.policy, settings.kubernetes)) }
        self.grants = Dictionary(grants, uniquingKeysWith: { first, _ in first })
    }

    /// The tenant of that issuer; nil for every other issuer.
    func known(issuer: String) -> KnownIssuer? { issuers[ExactText(issuer)] }
}

/// A tenant's issuer for one version of tokens.
final class KnownIssuer: Sendable {
    let tenant: TenantConfiguration
    private let version: TokenVersion

    init(tenant: TenantConfiguration, version: TokenVersion) {
        self.tenant = tenant
        self.version = version
    }

    /// Whether a token of this version may have this issuer. True without `ver`, which the check of the claims reports.
    func matches(_ version: TokenVersion?) -> Bool {
        version == nil || version == self.version
    }
}
