public import AccessPolicy
public import Entra

/// One tenant's part of the settings.
public struct TenantConfiguration: Hashable, Sendable {
    /// Which tokens of the tenant are valid.
    public var trust: TokenValidationRules
    /// What its groups, app roles and emergency entries grant.
    public var policy: TenantPolicy
    /// Whose account and membership are checked again while their tokens live; nil for nobody's.
    public var watch: WatchRule?

    /// A tenant's settings from their parts.
    public init(trust: TokenValidationRules, policy: TenantPolicy, watch: WatchRule? = nil) {
        self.watch = watch
        self.trust = trust
        self.policy = policy
    }
}

/// All configuration that a decision depends on.
public struct AuthenticationSettings: Hashable, Sendable {
    /// The tenants, each with its own ID.
    public var tenants: [TenantConfiguration]
    /// The policy that all tenants share.
    public var kubernetes: KubernetesPolicy
    /// The largest accepted token, in bytes.
    public var tokenBytes: Int
    /// Accepted difference between Entra's clock and this one, in seconds.
    public var clockSkew: Int64

    /// Settings with the defaults of the configuration.
    public init(
        tenants: [TenantConfiguration],
        kubernetes: KubernetesPolicy = KubernetesPolicy(),
        tokenBytes: Int = 65_536,
        clockSkew: Int64 = 60
    ) {
        self.tenants = tenants
        self.kubernetes = kubernetes
        self.tokenBytes = tokenBytes
        self.clockSkew = clockSkew
    }
}
