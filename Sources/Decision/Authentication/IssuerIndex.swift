import AccessPolicy
import Entra
import EntraTokens
import SafeText

/// The settings, with prepared look-ups for what every decision needs.
final class IssuerIndex: Sendable {
    let settings: AuthenticationSettings
    /// The tenants in the order of the settings.
    let tenants: [TenantIndex]
    /// The tenants' IDs, in the same order.
    let tenantIDs: [GUID]
    /// Whether a tenant requires claims that only the configuration names.
    let readsClaimsByName: Bool
    private let issuers: [ExactText: KnownIssuer]
    /// The same issuers, if there are so few that comparing them costs less than a look-up; otherwise empty.
    private let fewIssuers: [(issuer: ExactText, known: KnownIssuer)]

    init(_ settings: AuthenticationSettings) {
        self.settings = settings
        tenants = settings.tenants.map { TenantIndex($0, settings.kubernetes) }
        tenantIDs = tenants.map(\.tenantID)
        var issuers: [ExactText: KnownIssuer] = [:]
        for tenant in tenants {
            for version in TokenVersion.allCases {
                issuers[ExactText(tenant.trust.issuer(version))] = KnownIssuer(tenant: tenant, version: version)
            }
        }
        self.issuers = issuers
        fewIssuers = issuers.count <= 4 ? issuers.map { ($0.key, $0.value) } : []
        readsClaimsByName = settings.tenants.contains { !$0.trust.requiredClaims.isEmpty }
    }

    /// The tenant of that issuer; nil for every other issuer.
    func known(issuer: String) -> KnownIssuer? { issuers[ExactText(issuer)] }

    /// The tenant that issued a token with these claims; nil for every other issuer.
    func known(_ claims: EntraClaims) -> KnownIssuer? {
        guard !fewIssuers.isEmpty else { return claims.issuer.flatMap { known(issuer: $0) } }
        for (own, known) in fewIssuers where claims.isIssued(by: own) { return known }
        return nil
    }
}

/// One tenant's settings, with prepared look-ups.
///
/// A class, so that a check that looks at one setting doesn't copy all of them.
final class TenantIndex: Sendable {
    let configuration: TenantConfiguration
    let tenantID: GUID
    let trust: TokenValidationRules
    let policy: TenantPolicy
    let access: AccessRules
    let watch: WatchRule?
    /// Nil if nobody is denied.
    let denyList: DenyList?
    /// What grants Kubernetes groups.
    let grants: GrantIndex
    let audiences: AudienceList

    init(_ configuration: TenantConfiguration, _ kubernetes: KubernetesPolicy) {
        self.configuration = configuration
        tenantID = configuration.trust.tenantID
        trust = configuration.trust
        policy = configuration.policy
        access = AccessRules(tenant: configuration.policy, kubernetes: kubernetes)
        watch = configuration.watch
        let denyList = DenyList(configuration.policy.denied)
        self.denyList = denyList.isEmpty ? nil : denyList
        grants = GrantIndex(configuration.policy, kubernetes)
        audiences = AudienceList(configuration.trust.audiences)
    }
}

/// A tenant's issuer for one version of tokens.
final class KnownIssuer: Sendable {
    let tenant: TenantIndex
    private let version: TokenVersion

    init(tenant: TenantIndex, version: TokenVersion) {
        self.tenant = tenant
        self.version = version
    }

    /// Whether a token of this version may have this issuer. True if the token has no `ver`: the check of the claims
    /// reports that.
    func matches(_ version: TokenVersion?) -> Bool {
        version == nil || version == self.version
    }
}
