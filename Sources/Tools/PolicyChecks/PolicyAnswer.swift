public import AccessPolicy
public import Authentication
public import Entra
public import EntraTokens
import Jansson
public import Timestamps

/// A principal's access under a configuration.
public struct PolicyAnswer: Hashable, Sendable {
    /// Nil if the principal is accepted.
    public var reason: RefusalReason?
    /// Nil if the principal is refused.
    public var access: AccessDecision?
    /// Nil if nothing of the token was verified.
    public var tenantID: GUID?
    /// The kind of subject; nil if it is unknown.
    public var kind: SubjectKind?
    /// Names of claims with the wrong form.
    public var malformedClaims: [String] = []

    /// Deny list entries that refuse the principal, or that cannot be decided without a token.
    public var denials: [PolicyDenial] = []

    /// Whether the principal is accepted.
    public var isAdmitted: Bool { access != nil }
    /// Whether the principal is a cluster admin.
    public var isAdmin: Bool { access?.isAdmin ?? false }

    init(refused reason: RefusalReason) {
        self.reason = reason
    }

    init(_ evaluation: TokenEvaluation<AllChecks>, areClaimsTrusted: Bool) {
        reason = evaluation.reason
        access = evaluation.reason == nil ? evaluation.access : nil
        // Without a reason there is always access. If that ever fails, the principal is refused.
        if reason == nil && access == nil { reason = .claimsMalformed }
        guard areClaimsTrusted else { return }
        // With a single tenant, its rules are applied to foreign tokens too; that does not make them its own.
        tenantID =
            evaluation.reason == .issuerNotTrusted ? nil : evaluation.tenant?.trust.tenantID
        kind = evaluation.kind
        denials =
            (evaluation.denial.map { [PolicyDenial(entry: $0, isApplied: true)] } ?? [])
            + evaluation.undecidedDenials.map { PolicyDenial(entry: $0, isApplied: false) }
        malformedClaims = evaluation.claims?.malformed ?? []
    }
}

/// Asks the webhook's decision code about principals. It decides nothing itself.
public struct PolicyChecker: Sendable {
    let authenticator: Authenticator

    /// A checker for one configuration.
    public init(_ settings: AuthenticationSettings) {
        authenticator = Authenticator(settings)
    }

    /// The configuration that decides.
    public var settings: AuthenticationSettings { authenticator.settings }

    /// The access that a principal would have.
    public func answer(_ question: PolicyQuestion, now: Timestamp) -> PolicyAnswer {
        guard let claims = try? question.prepared(for: settings, now: now) else {
            return PolicyAnswer(refused: .claimsMalformed)
        }
        return answer(claims, now: now)
    }

    /// The access of the token's principal.
    public func answer(token: [UInt8], keys: KeySnapshot, now: Timestamp, resolvedGroups: [GUID]? = nil) -> PolicyAnswer
    {
        evaluate(token: token, keys: keys, now: now, resolvedGroups: resolvedGroups).answer
    }

    /// The principal of a valid token whose groups only the directory knows; nil if anything else is wrong.
    public func principalToResolve(token: [UInt8], keys: KeySnapshot, now: Timestamp) -> EntraPrincipal? {
        let evaluation = token.withUnsafeBytes { authenticator.examine(token: $0, keys: keys, now: now) }
        // With emergency access there is an answer without the directory, but another one with it.
        guard evaluation.areClaimsTrusted, [nil, .groupResolutionFailed].contains(evaluation.reason) else { return nil }
        return evaluation.groupResolution
    }

    func answer(_ claims: PreparedClaims, now: Timestamp) -> PolicyAnswer {
        let evaluation = authenticator.examine(
            verifiedClaims: claims.document.root,
            now: now,
            resolvedGroups: claims.resolvedGroups,
            areTokenTimesReal: claims.areTokenTimesReal
        )
        return PolicyAnswer(evaluation, areClaimsTrusted: true)
    }

    /// The answer for a token, and its claims if the signature is valid.
    func evaluate(
        token: [UInt8],
        keys: KeySnapshot,
        now: Timestamp,
        resolvedGroups: [GUID]?
    ) -> (answer: PolicyAnswer, claims: JSONValue?) {
        let evaluation = token.withUnsafeBytes {
            authenticator.examine(token: $0, keys: keys, now: now, resolvedGroups: resolvedGroups)
        }
        let answer = PolicyAnswer(evaluation, areClaimsTrusted: evaluation.areClaimsTrusted)
        return (answer, evaluation.areClaimsTrusted ? evaluation.claims?.json : nil)
    }
}
