internal import AccessPolicy
public import Authentication
public import EntraTokens
public import Timestamps

/// What anybody may know about a cluster's sign-in, so that a client can say why a token would be refused.
///
/// Public by construction: no type in here has a field for a group, a role, a required claim, an emergency entry, a
/// file or a secret.
public struct TokenHints: Hashable, Sendable {
    public var writtenAt: Timestamp
    /// SHA-256 of the configuration's bytes, hexadecimal: which configuration these hints were taken from.
    public var configurationSHA256: String
    /// Seconds by which clocks may differ.
    public var clockSkew: Int64
    public var tenants: [HintedTenant]
    /// What these hints cannot tell, because they are of a version that says it in other words than this program reads.
    public var unknown: Set<RefusalReason> = []

    public init(writtenAt: Timestamp, configurationSHA256: String, clockSkew: Int64, tenants: [HintedTenant]) {
        self.writtenAt = writtenAt
        self.configurationSHA256 = configurationSHA256
        self.clockSkew = clockSkew
        self.tenants = tenants
    }

    /// Settings under which a decision is as far as hints go: they name no group, so nobody is anybody's admin.
    public var authentication: AuthenticationSettings {
        AuthenticationSettings(
            tenants: tenants.map { TenantConfiguration(trust: $0.trust, policy: TenantPolicy()) },
            tokenBytes: TokenHints.tokenBytes, clockSkew: clockSkew)
    }

    /// A plugin's answer is read no further, and what the webhook's own limit is hints do not say.
    static let tokenBytes = 1 << 20
}

/// A tenant's part of the hints.
public struct HintedTenant: Hashable, Sendable {
    public var tenantID: GUID
    public var cloud: Cloud
    /// Another base than the cloud's, `https://…` without a slash at the end.
    public var authority: String?
    public var audiences: [String]
    /// Empty: any client application.
    public var allowedClientAppIDs: [GUID]
    public var subjects: Set<SubjectKind>
    /// Seconds.
    public var maximumTokenLifetime: Int64
    public var groupOverage: GroupOverageRule
    public var proofOfPossession: ProofOfPossessionRule
    /// The bare host name that proof-of-possession envelopes must carry in `u`.
    public var clusterHost: String?

    /// The public part of a tenant's rules.
    public init(_ trust: TokenValidationRules) {
        tenantID = trust.tenantID
        cloud = trust.cloud
        authority = trust.authority
        audiences = trust.audiences
        allowedClientAppIDs = trust.allowedClientAppIDs
        subjects = trust.subjects
        maximumTokenLifetime = trust.maximumTokenLifetime
        groupOverage = trust.groupOverage
        proofOfPossession = trust.proofOfPossession
        clusterHost = trust.clusterHost
    }

    /// The rules that these hints are enough for.
    public var trust: TokenValidationRules {
        TokenValidationRules(
            tenantID: tenantID, cloud: cloud, authority: authority, audiences: audiences,
            allowedClientAppIDs: allowedClientAppIDs, subjects: subjects, maximumTokenLifetime: maximumTokenLifetime,
            groupOverage: groupOverage, proofOfPossession: proofOfPossession, clusterHost: clusterHost)
    }
}
