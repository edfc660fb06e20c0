public import SafeText

/// What to do if a principal is in more groups than a token can list (`groupOverage`).
public enum GroupOverageRule: String, Sendable, CaseIterable {
    case deny
    case resolve
    case ignore
}

/// Whether tokens bound to a key are accepted, and whether they are required.
public enum ProofOfPossessionRule: String, Sendable, CaseIterable {
    case off
    case accept
    case require
}

/// A claim that a token must have. The claim, or one element of its array, must have one of the values.
public struct RequiredClaim: Hashable, Sendable {
    /// The claim's name, a top-level member of the payload.
    public var claim: ExactText
    /// The accepted values; one match is enough.
    public var values: [ClaimValue]

    /// A required claim with its accepted values.
    public init(claim: String, values: [ClaimValue]) {
        self.claim = ExactText(claim)
        self.values = values
    }
}

/// Which tokens of a tenant are valid: the part of a tenant's configuration that the token checks need.
public struct TokenValidationRules: Hashable, Sendable {
    /// The tenant's ID; issuers are built from it.
    public var tenantID: GUID
    /// The national cloud, which determines the sign-in address and the issuers.
    public var cloud: Cloud
    /// Replaces the cloud's sign-in address: `https://…` without a trailing slash.
    public var authority: String?
    /// As configured. An application ID also accepts its `spn:` form; anything else is matched exactly.
    public var audiences: [ExactText]
    /// IDs of the accepted client applications; empty accepts all.
    public var allowedClientAppIDs: [GUID]
    /// The kinds of subject that may sign in.
    public var subjects: Set<SubjectKind>
    /// Claims that every token must have.
    public var requiredClaims: [RequiredClaim]
    /// The longest accepted lifetime of a token, in seconds.
    public var maximumTokenLifetime: Int64
    /// What to do with tokens that cannot list all groups.
    public var groupOverage: GroupOverageRule
    /// Whether tokens bound to a key are accepted or required.
    public var proofOfPossession: ProofOfPossessionRule
    /// The bare host name that proof-of-possession tokens must carry in `u`.
    public var clusterHost: String?

    /// Rules with the defaults of the configuration.
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
        self.audiences = audiences.map { ExactText($0) }
        self.allowedClientAppIDs = allowedClientAppIDs
        self.subjects = subjects
        self.requiredClaims = requiredClaims
        self.maximumTokenLifetime = maximumTokenLifetime
        self.groupOverage = groupOverage
        self.proofOfPossession = proofOfPossession
        self.clusterHost = clusterHost
    }

    /// Base of this tenant's sign-in addresses, without a trailing slash.
    public var authorityBase: String { authority ?? cloud.authority }

    /// The exact `iss` of this tenant's tokens of that version.
    public func issuer(_ version: TokenVersion) -> String {
        switch version {
        case .v1: "\(authority ?? cloud.legacyIssuerBase)/\(tenantID)/"
        case .v2: "\(authorityBase)/\(tenantID)/v2.0"
        }
    }
}
