public import AccessPolicy
public import Authentication
public import EntraTokens
public import Jansson
internal import OpenSSL
public import Timestamps

/// Everything that can be said about one token, by the checks that `serve` runs.
public struct InspectionReport: Sendable {
    public enum Verdict: String, Sendable {
        case accepted
        case rejected
        /// There were no keys to check the signature with, or only Microsoft Graph knows the groups.
        case unverified
    }

    public struct Check: Sendable {
        public let check: TokenCheck
        public let outcome: CheckOutcome
        public let detail: String
        /// What to do about a failure.
        public let hint: String?

        var isFailure: Bool { reason != nil }
        var reason: RefusalReason? { if case .failed(let reason) = outcome { reason } else { nil } }
    }

    /// The start of the token's digest, by which the webhook's log names it.
    public let tokenSHA256: String
    public let verdict: Verdict
    public let reason: RefusalReason?
    public let message: String
    public let hint: String?
    public let checks: [Check]
    public let form: TokenForm
    /// What the token was taken out of; nil for a token by itself.
    public let origin: String?
    public let header: JSONValue?
    public let claims: EntraClaims?
    public let areClaimsTrusted: Bool
    public let kind: SubjectKind
    public let user: KubernetesUser?
    public let isAdmin: Bool
    /// Because of what the user has its groups.
    public let because: [Grant]
    public let adminGroups: [GUID]
    public let mappedGroups: [GroupMapping]
    /// Facts that are no check, and what to do about them.
    public let notes: [String]
    public let now: Timestamp
    public let hasConfiguration: Bool
    /// Whether the issuer is a configured tenant's, so that its groups mean something here.
    let isOfConfiguredTenant: Bool
    public let envelope: SignedHTTPRequest?
    /// Whether only Microsoft Graph can say in which groups the principal is, which `serve` asks.
    public let needsGroupResolution: Bool

    /// Inspects what was given.
    ///
    /// - Parameters:
    ///   - settings: nil without a configuration; checks that need one are then skipped.
    ///   - keys: nil when there are none.
    ///   - notes: what else is to say, for example about the keys.
    public init(
        _ input: TokenInput, settings: AuthenticationSettings?, keys: KeySnapshot?, now: Timestamp, notes: [String] = []
    ) {
        let judged = settings ?? InferredSettings.settings(for: input.token)
        let hadKeys = keys != nil
        let (evaluation, keys) = InspectionReport.examine(input.token, settings: judged, keys: keys, now: now)
        let parts = StructureProblem.untrustedParts(input.token, maximumBytes: judged.tokenBytes)
        let claims = evaluation.claims ?? (evaluation.headerDocument == nil ? parts.claims.map(EntraClaims.init) : nil)
        let rules = evaluation.tenant ?? judged.tenants.first
        let memberships = Set(claims?.groups.objectIDs ?? [])

        self.now = now
        tokenSHA256 = input.token.withUnsafeBytes { String(SHA256Digest(hashing: $0).hex.prefix(12)) }
        self.claims = claims
        hasConfiguration = settings != nil
        envelope = evaluation.envelope
        header = evaluation.headerDocument?.root ?? parts.header
        areClaimsTrusted = evaluation.areClaimsTrusted
        form = TokenForm(input, evaluation: evaluation, header: header, claims: claims)
        origin = input.origin
        kind =
            evaluation.kind
            ?? claims.flatMap { claims in rules.map { SubjectKind(claims, trust: $0.trust) } } ?? .unknown
        // Admin and mapped groups are a tenant's own; of another tenant's token they say nothing.
        isOfConfiguredTenant = evaluation.recorder.outcomes.contains {
            $0.check == .issuer && $0.outcome == .passed
        }
        adminGroups = isOfConfiguredTenant ? rules?.policy.adminGroupObjectIDs.filter(memberships.contains) ?? [] : []
        mappedGroups =
            isOfConfiguredTenant
            ? rules?.policy.groupMappings.filter { memberships.contains($0.groupObjectID) } ?? [] : []

        let describer = CheckDescriber(
            input: input, evaluation: evaluation, settings: judged, trust: rules?.trust,
            hasConfiguration: settings != nil, keys: keys, hadKeys: hadKeys, now: now)
        let checks = evaluation.recorder.outcomes.map { describer.describe($0.check, $0.outcome) }
        self.checks = checks
        needsGroupResolution = evaluation.reason == .groupResolutionFailed
        // The directory's answer is not known here; what `serve` makes of the rest is.
        let reason = needsGroupResolution ? checks.lazy.compactMap(\.reason).first : evaluation.reason
        self.reason = reason
        let access = reason == nil && settings != nil && !needsGroupResolution ? evaluation.access : nil
        user = access?.user
        isAdmin = access?.isAdmin ?? false
        because = access?.because ?? []

        // What is no signed token at all is refused whatever the keys are.
        let needsNoKey = reason.map { $0 <= .tokenEncrypted } ?? false
        if (keys == nil && !needsNoKey) || (reason == nil && needsGroupResolution) {
            verdict = .unverified
        } else {
            verdict = reason == nil ? .accepted : .rejected
        }
        let failure = checks.first { $0.reason == reason && reason != nil }
        if let reason {
            message =
                (failure?.detail ?? reason.sentence) + (verdict == .unverified ? "; the signature was not checked" : "")
            hint = failure?.hint ?? reason.hint
        } else if keys == nil {
            message =
                "nothing wrong was found, but the signature was not checked: there are no signing keys"
                + (!hadKeys ? "" : " of this tenant")
            hint = "save the tenant's keys with `\(describer.fetchCommand)`, and pass the file with --keys"
        } else if needsGroupResolution {
            message = "genuine and valid; its groups are not known: serve asks Microsoft Graph, inspect asks nobody"
            hint = "`kube-entra review` asks the webhook; `kube-entra policy check --group ID` shows what a group gives"
        } else if let access {
            message = "accepted as \(access.user.username)" + (access.isAdmin ? ", an admin" : "")
            hint = nil
        } else {
            message = "genuine and valid, as far as can be said without a configuration"
            hint = "pass the cluster's configuration with --config"
        }
        self.notes = input.notes + notes + describer.notes
    }

    /// The token under all checks, and the keys that could be used: none where its tenant's are not at hand, which
    /// is no fault of the token.
    private static func examine(
        _ token: [UInt8], settings: AuthenticationSettings, keys: KeySnapshot?, now: Timestamp
    ) -> (TokenEvaluation<AllChecks>, KeySnapshot?) {
        let authenticator = Authenticator(settings)
        let evaluation = token.withUnsafeBytes { authenticator.examine(token: $0, keys: keys, now: now) }
        guard keys != nil, evaluation.reason == .keysUnavailable else { return (evaluation, keys) }
        return (token.withUnsafeBytes { authenticator.examine(token: $0, keys: nil, now: now) }, nil)
    }

    /// The tenant that a token says it is of, when there is no configuration to name tenants.
    public static func guessedTenants(_ input: TokenInput) -> [TokenValidationRules] {
        InferredSettings.settings(for: input.token).tenants.map(\.trust)
    }
}
