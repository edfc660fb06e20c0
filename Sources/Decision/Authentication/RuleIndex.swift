internal import AccessPolicy
internal import EntraTokens

/// The settings with what every decision looks up, prepared once.
final class RuleIndex: Sendable {
    let settings: AuthenticationSettings
    /// Issuer → the tenant and the token version it stands for.
    private let issuers: [String: KnownIssuer]
    /// Whether a tenant requires claims, which are looked up by names that only the configuration knows.
    let readsClaimsByName: Bool
    /// By tenant: whom it locks out.
    let denyLists: [DenyList]

    init(_ settings: AuthenticationSettings) {
        self.settings = settings
        var issuers: [String: KnownIssuer] = [:]
        for (tenant, rules) in settings.tenants.enumerated() {
            for version in [TokenVersion.v1, .v2] {
                let issuer = rules.trust.issuer(version)
                issuers[issuer] = KnownIssuer(text: issuer, tenant: tenant, version: version)
            }
        }
        self.issuers = issuers
        readsClaimsByName = settings.tenants.contains { !$0.trust.requiredClaims.isEmpty }
        denyLists = settings.tenants.map { DenyList($0.policy.denied) }
    }

    /// Whose issuer that is; nil when it is none of ours.
    func known(issuer: String) -> KnownIssuer? {
        // A dictionary also finds what is canonically equivalent; an issuer must be the same bytes.
        guard let known = issuers[issuer], known.text.utf8.elementsEqual(issuer.utf8) else { return nil }
        return known
    }
}

struct KnownIssuer: Sendable {
    let text: String
    let tenant: Int
    let version: TokenVersion

    /// A token whose version is missing fails for its claims; one of the other version has another issuer.
    func matches(_ version: TokenVersion?) -> Bool {
        version == nil || version == self.version
    }
}
