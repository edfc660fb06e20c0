/// What happens to a principal that is in too many groups for its token to list them.
public enum GroupOverageRule: String, Sendable, CaseIterable {
    case deny
    case resolve
    case ignore
}

/// Whether bound tokens in their envelopes are taken.
public enum ProofOfPossessionRule: String, Sendable, CaseIterable {
    case off
    case accept
    case require
}

/// A claim that a token must carry: it, or one element of its array, must be one of the values.
public struct RequiredClaim: Hashable, Sendable {
    public var claim: String
    public var values: [ClaimValue]

    public init(claim: String, values: [ClaimValue]) {
        self.claim = claim
        self.values = values
    }
}

/// What a tenant's tokens must look like to be taken: the part of a tenant's configuration that token checks need.
public struct TokenValidationRules: Hashable, Sendable {
    public var tenantID: GUID
    public var cloud: Cloud
    /// Another base than the cloud's, `https://…` without a slash at the end.
    public var authority: String?
    /// As configured. An application ID also accepts its `spn:` form; anything else is matched exactly.
    public var audiences: [String]
    /// Empty: any client application.
    public var allowedClientAppIDs: [GUID]
    public var subjects: Set<SubjectKind>
    public var requiredClaims: [RequiredClaim]
    /// Seconds.
    public var maximumTokenLifetime: Int64
    public var groupOverage: GroupOverageRule
    public var proofOfPossession: ProofOfPossessionRule
    /// The bare host name that proof-of-possession envelopes must carry in `u`.
    public var clusterHost: String?

    public init(
        tenantID: GUID,
        cloud: Cloud = .public,
        authority: String? = nil,
        audiences: [String],
        allowedClientAppIDs: [GUID] = [],
        subjects: Set<SubjectKind> = [.user, .guest, .app, .managedIdentity],
        requiredClaims: [RequiredClaim] = [],
        maximumTokenLifetime: Int64 = 29 * 3600,
        groupOverage: GroupOverageRule = .deny,
        proofOfPossession: ProofOfPossessionRule = .off,
        clusterHost: String? = nil
    ) {
        self.tenantID = tenantID
        self.cloud = cloud
        self.authority = authority
        self.audiences = audiences
        self.allowedClientAppIDs = allowedClientAppIDs
        self.subjects = subjects
        self.requiredClaims = requiredClaims
        self.maximumTokenLifetime = maximumTokenLifetime
        self.groupOverage = groupOverage
        self.proofOfPossession = proofOfPossession
        self.clusterHost = clusterHost
    }

    /// Base of this tenant's sign-in addresses, without a slash at the end.
    public var authorityBase: String { authority ?? cloud.authority }

    /// The exact `iss` of this tenant's tokens of that version.
    public func issuer(_ version: TokenVersion) -> String {
        switch version {
        case .v1: "\(authority ?? cloud.legacyIssuerBase)/\(tenantID)/"
        case .v2: "\(authorityBase)/\(tenantID)/v2.0"
        }
    }
}
