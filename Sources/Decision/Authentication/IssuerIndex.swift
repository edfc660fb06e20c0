internal import AccessPolicy
internal import EntraTokens
internal import SafeText

/// The settings with what every decision looks up, prepared once.
final class IssuerIndex: Sendable {
    let settings: AuthenticationSettings
    /// Issuer → the tenant and the token version it stands for.
    private let issuers: [ExactText: KnownIssuer]
    /// Whether a tenant requires claims, which are looked up by names that only the configuration knows.
    let readsClaimsByName: Bool
    /// By tenant: whom it locks out. Tenants whose list is empty have none.
    let denyLists: [GUID: DenyList]

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
    }

    /// Whose issuer that is; nil when it is none of ours.
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

    /// A token whose version is missing fails for its claims; one of the other version has another issuer.
    func matches(_ version: TokenVersion?) -> Bool {
        version == nil || version == self.version
    }
}
