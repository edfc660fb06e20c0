import AccessPolicy
public import Authentication
public import Entra
import SafeText
public import Timestamps

/// Public facts about a cluster's sign-in, with which a client can explain why a token would be refused.
///
/// It contains nothing secret: only the public part of each tenant's rules for tokens.
public struct TokenHints: Hashable, Sendable {
    /// When the hints were made.
    public var writtenAt: Timestamp
    /// SHA-256 of the configuration's bytes as hexadecimal digits; it identifies the source of the hints.
    public var configurationSHA256: String
    /// Accepted difference between clocks, in seconds.
    public var clockSkew: Int64
    /// The public part of each tenant's rules.
    public private(set) var tenants: [TokenValidationRules]
    /// Reasons that these hints cannot predict, because they are written in a form that this program does not know.
    public var unknown: Set<RefusalReason> = []

    /// - Parameter tenants: the rules of each tenant; only their public part is kept.
    public init(writtenAt: Timestamp, configurationSHA256: String, clockSkew: Int64, tenants: [TokenValidationRules]) {
        self.writtenAt = writtenAt
        self.configurationSHA256 = configurationSHA256
        self.clockSkew = clockSkew
        self.tenants = tenants.map(\.published)
    }

    /// Settings for a decision as far as hints allow: they name no group, so nobody is an admin.
    public var authentication: AuthenticationSettings {
        AuthenticationSettings(
            tenants: tenants.map { TenantConfiguration(trust: $0, policy: TenantPolicy()) },
            tokenBytes: TokenHints.tokenBytes, clockSkew: clockSkew)
    }

    /// Largest token, in bytes: no more of a plugin's output is read. The hints do not contain the webhook's own limit.
    static let tokenBytes = 1 << 20
}

extension TokenValidationRules {
    /// The rules that hints may publish. All others, such as required claims, get their defaults, so a new rule stays
    /// out of the hints until somebody adds it here.
    var published: TokenValidationRules {
        TokenValidationRules(
            tenantID: tenantID, cloud: cloud, authority: authority, audiences: audiences.map(\.text),
            allowedClientAppIDs: allowedClientAppIDs, subjects: subjects, maximumTokenLifetime: maximumTokenLifetime,
            groupOverage: groupOverage, proofOfPossession: proofOfPossession, clusterHost: clusterHost)
    }
}
