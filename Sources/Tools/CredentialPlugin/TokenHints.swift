import AccessPolicy
public import Authentication
public import Entra
public import SafeText
public import Timestamps

/// Public facts about a cluster's sign-in, with which a client can explain why a token would be refused.
///
/// Nothing secret can be in it: no type here has a field for a group, a role, a required claim, an emergency entry, a
/// file or a secret.
public struct TokenHints: Hashable, Sendable {
    /// When the hints were made.
    public var writtenAt: Timestamp
    /// SHA-256 of the configuration's bytes as hexadecimal digits; it identifies the source of the hints.
    public var configurationSHA256: String
    /// Accepted difference between clocks, in seconds.
    public var clockSkew: Int64
    /// The public part of each tenant's rules.
    public var tenants: [HintedTenant]
    /// Reasons that these hints cannot predict, because they are written in a form that this program does not know.
    public var unknown: Set<RefusalReason> = []

    public init(writtenAt: Timestamp, configurationSHA256: String, clockSkew: Int64, tenants: [HintedTenant]) {
        self.writtenAt = writtenAt
        self.configurationSHA256 = configurationSHA256
        self.clockSkew = clockSkew
        self.tenants = tenants
    }

    /// Settings for a decision as far as hints allow: they name no group, so nobody is an admin.
    public var authentication: AuthenticationSettings {
        AuthenticationSettings(
            tenants: tenants.map { TenantConfiguration(trust: $0.trust, policy: TenantPolicy()) },
            tokenBytes: TokenHints.tokenBytes, clockSkew: clockSkew)
    }

    /// Largest token, in bytes: no more of a plugin's output is read. The hints do not contain the webhook's own limit.
    static let tokenBytes = 1 << 20
}

/// One tenant's part of the hints.
///
/// A type of its own, although every member comes from `TokenValidationRules`: hints are published, so that a new rule
/// must stay out of them until somebody adds it here on purpose.
public struct HintedTenant: Hashable, Sendable {
    /// The tenant's ID.
    public var tenantID: GUID
    /// The tenant's national cloud.
    public var cloud: Cloud
    /// Replaces the cloud's sign-in address: `https://…` without a trailing slash.
    public var authority: String?
    /// The accepted audiences, as configured.
    public var audiences: [ExactText]
    /// IDs of the accepted client applications; empty accepts all.
    public var allowedClientAppIDs: [GUID]
    /// The kinds of subject that may sign in.
    public var subjects: Set<SubjectKind>
    /// The longest accepted lifetime, in seconds.
    public var maximumTokenLifetime: Int64
    /// What happens to tokens that cannot list all groups.
    public var groupOverage: GroupOverageRule
    /// Whether tokens bound to a key are accepted or required.
    public var proofOfPossession: ProofOfPossessionRule
    /// The bare host name that proof-of-possession tokens must carry in `u`.
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

    /// The rules that these hints describe.
    public var trust: TokenValidationRules {
        TokenValidationRules(
            tenantID: tenantID, cloud: cloud, authority: authority, audiences: audiences.map(\.text),
            allowedClientAppIDs: allowedClientAppIDs, subjects: subjects, maximumTokenLifetime: maximumTokenLifetime,
            groupOverage: groupOverage, proofOfPossession: proofOfPossession, clusterHost: clusterHost)
    }
}
