public import AccessPolicy
public import EntraTokens

/// A tenant's part of the settings of a decision.
public struct TenantConfiguration: Hashable, Sendable {
    public var trust: TokenValidationRules
    public var policy: TenantPolicy
    /// Nil: nobody's account and membership are asked about again.
    public var watch: WatchRule?

    public init(trust: TokenValidationRules, policy: TenantPolicy, watch: WatchRule? = nil) {
        self.watch = watch
        self.trust = trust
        self.policy = policy
    }
}

/// Everything configured that a decision depends on.
public struct AuthenticationSettings: Hashable, Sendable {
    public var tenants: [TenantConfiguration]
    public var kubernetes: KubernetesPolicy
    /// The largest token that is looked at, in bytes.
    public var tokenBytes: Int
    /// Seconds by which clocks may differ.
    public var clockSkew: Int64

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
