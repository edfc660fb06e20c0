internal import EntraTokens

/// The settings with what every decision looks up, prepared once.
final class RuleIndex: Sendable {
    let settings: AuthenticationSettings
    /// Issuer → the tenant and the token version it stands for.
    let issuers: [String: KnownIssuer]

    init(_ settings: AuthenticationSettings) {
        self.settings = settings
        var issuers: [String: KnownIssuer] = [:]
        for (tenant, rules) in settings.tenants.enumerated() {
            for version in [TokenVersion.v1, .v2] {
                issuers[rules.trust.issuer(version)] = KnownIssuer(tenant: tenant, version: version)
            }
        }
        self.issuers = issuers
    }
}

struct KnownIssuer: Sendable {
    let tenant: Int
    let version: TokenVersion

    /// A token whose version is missing fails for its claims; one of the other version has another issuer.
    func matches(_ version: TokenVersion?) -> Bool {
        version == nil || version == self.version
    }
}
