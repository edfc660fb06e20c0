public import AccessPolicy
public import Authentication
public import Entra
public import EntraTokens
public import Jansson
import OpenSSL
public import Timestamps

/// Everything that can be said about one token, from the checks of `serve`.
public struct InspectionReport: Sendable {
    /// The result of all checks together.
    public enum Verdict: String, Sendable {
        case accepted
        case rejected
        /// There were no keys to verify the signature, or only Microsoft Graph knows the groups.
        case unverified
    }

    /// The result of one check.
    public struct Check: Sendable {
        /// Which check it is.
        public let check: TokenCheck
        /// Passed, skipped, or failed with a reason.
        public let outcome: CheckOutcome
        /// What the check found, for people.
        public let detail: String
        /// What to do about a failure.
        public let hint: String?

        var isFailure: Bool { reason != nil }
        /// Why it failed; nil if it did not.
        public var reason: RefusalReason? { if case .failed(let reason) = outcome { reason } else { nil } }
    }

    /// The start of the token's digest, which the webhook's log shows too.
    public let tokenSHA256: String
    /// The result of all checks together.
    public let verdict: Verdict
    /// Why the token is refused; nil if it is not.
    public let reason: RefusalReason?
    /// The result in one sentence.
    public let message: String
    /// What to do about a refusal; nil if there is none.
    public let hint: String?
    /// Every check in the order of precedence.
    public let checks: [Check]
    /// What kind of input it is.
    public let form: TokenForm
    /// What contained the token; nil for a token by itself.
    public let origin: String?
    /// The header; nil if it cannot be read.
    public let header: JSONValue?
    /// The claims; nil if they cannot be read.
    public let claims: EntraClaims?
    /// Whether the signature was verified.
    public let areClaimsTrusted: Bool
    /// The kind of subject; ``SubjectKind/unknown`` also if there are no claims to tell it.
    public let kind: SubjectKind
    /// The Kubernetes user; nil if the token is refused.
    public let user: KubernetesUser?
    /// Whether the user is a cluster admin.
    public let isAdmin: Bool
    /// The rules that granted the user's groups.
    public let because: [Grant]
    /// Admin groups in the token.
    public let adminGroups: [GUID]
    /// Group mappings that match the token.
    public let mappedGroups: [GroupMapping]
    /// Facts that are not checks, and what to do about them.
    public let notes: [String]
    /// The time of the checks.
    public let now: Timestamp
    /// Whether a configuration was passed.
    public let hasConfiguration: Bool
    /// Whether the issuer belongs to a configured tenant, so that its groups mean something here.
    let isOfConfiguredTenant: Bool
    /// The proof-of-possession token around the access token; nil if there is none.
    public let envelope: SignedHTTPRequest?
    /// Whether only Microsoft Graph knows the principal's groups; `serve` asks it.
    public let needsGroupResolution: Bool

    /// Inspects an input.
    ///
    /// - Parameters:
    ///   - settings: nil without a configuration; checks that need one are then skipped.
    ///   - keys: nil if there are none.
    ///   - notes: additional remarks, for example about the keys.
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
        // Admin and mapped groups belong to a tenant; for another tenant's token they mean nothing.
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
        let lacksSignature = describer.lacksSignature
        let checks = evaluation.recorder.outcomes.map { outcome in
            // Without a key the check is skipped, but a missing signature fails with any key.
            let isMissing = lacksSignature && outcome.check == .signature && outcome.outcome == .skipped
            return describer.describe(outcome.check, isMissing ? .failed(.signatureInvalid) : outcome.outcome)
        }
        self.checks = checks
        needsGroupResolution = evaluation.reason == .groupResolutionFailed
        // The directory's answer is unknown here; the other checks of `serve` are not.
        // Unreadable claims name no issuer. Without a configuration, the claims themselves are then what is wrong.
        let namesNoIssuer = settings == nil && claims == nil && evaluation.reason == .issuerNotTrusted
        let found = needsGroupResolution || namesNoIssuer ? checks.lazy.compactMap(\.reason).first : evaluation.reason
        // If it cannot verify a signature, `serve` reports a foreign issuer first.
        let isUnsigned = lacksSignature && keys == nil && found != .issuerNotTrusted
        let reason = isUnsigned ? min(found ?? .signatureInvalid, .signatureInvalid) : found
        self.reason = reason
        let access = reason == nil && settings != nil && !needsGroupResolution ? evaluation.access : nil
        user = access?.user
        isAdmin = access?.isAdmin ?? false
        because = access?.because ?? []

        // Anything that is not a signed token is refused with any keys.
        let needsNoKey = reason.map { $0 <= .tokenEncrypted } ?? false
        if (keys == nil && !needsNoKey) || (reason == nil && needsGroupResolution) {
            verdict = .unverified
        } else {
            verdict = reason == nil ? .accepted : .rejected
        }
        let failure = checks.first { $0.reason == reason && reason != nil }
        if let reason {
            let wasNotChecked = verdict == .unverified && reason != .signatureInvalid
            message = (failure?.detail ?? reason.sentence) + (wasNotChecked ? "; the signature was not checked" : "")
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

    /// All checks of the token, and the usable keys: none if those of its tenant are missing, which is not the token's
    /// fault.
    private static func examine(
        _ token: [UInt8], settings: AuthenticationSettings, keys: KeySnapshot?, now: Timestamp
    ) -> (TokenEvaluation<AllChecks>, KeySnapshot?) {
        let authenticator = Authenticator(settings)
        let evaluation = token.withUnsafeBytes { authenticator.examine(token: $0, keys: keys, now: now) }
        guard keys != nil, evaluation.reason == .keysUnavailable else { return (evaluation, keys) }
        return (token.withUnsafeBytes { authenticator.examine(token: $0, keys: nil, now: now) }, nil)
    }

    /// The tenant that a token names, if there is no configuration.
    public static func inferredTenants(_ input: TokenInput) -> [TokenValidationRules] {
        InferredSettings.settings(for: input.token).tenants.map(\.trust)
    }
}
