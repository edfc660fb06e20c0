public import AccessPolicy
public import Authentication
public import EntraTokens
internal import Jansson
public import Timestamps

/// What a principal becomes under a configuration.
public struct PolicyAnswer: Hashable, Sendable {
    /// Nil when the principal is admitted.
    public var reason: RefusalReason?
    /// Nil when the principal is refused.
    public var access: AccessDecision?
    /// Nil when nothing of the token was verified.
    public var tenantID: GUID?
    public var kind: SubjectKind?
    /// Claims in the wrong form, by name.
    public var malformedClaims: [String] = []

    /// Entries of the deny list that refuse the principal, or that only a token could be judged by.
    public var denials: [PolicyDenial] = []

    public var isAdmitted: Bool { access != nil }
    public var isAdmin: Bool { access?.isAdmin ?? false }

    init(refused reason: RefusalReason) {
        self.reason = reason
    }

    init(_ evaluation: TokenEvaluation<AllChecks>, areClaimsBelieved: Bool) {
        reason = evaluation.reason
        access = evaluation.reason == nil ? evaluation.access : nil
        // Every path without a reason ends in access; should one not, nobody gets in.
        if reason == nil && access == nil { reason = .claimsMalformed }
        guard areClaimsBelieved else { return }
        // By the only tenant's rules what is none of its tokens is judged too, which does not make it one.
        tenantID =
            evaluation.reason == .issuerNotTrusted ? nil : evaluation.tenant?.trust.tenantID
        kind = evaluation.kind
        denials =
            (evaluation.denial.map { [PolicyDenial(entry: $0, isApplied: true)] } ?? [])
            + evaluation.undecidedDenials.map { PolicyDenial(entry: $0, isApplied: false) }
        malformedClaims = evaluation.claims?.malformed ?? []
    }
}

/// Asks the webhook's decision code what principals become. It decides nothing itself.
public struct PolicyChecker: Sendable {
    let authenticator: Authenticator

    public init(_ settings: AuthenticationSettings) {
        authenticator = Authenticator(settings)
    }

    public var settings: AuthenticationSettings { authenticator.settings }

    /// What a principal would become.
    public func answer(_ question: PolicyQuestion, now: Timestamp) -> PolicyAnswer {
        guard let claims = try? question.prepared(for: settings, now: now) else {
            return PolicyAnswer(refused: .claimsMalformed)
        }
        return answer(claims, now: now)
    }

    /// What the bearer of a token becomes.
    public func answer(token: [UInt8], keys: KeySnapshot, now: Timestamp, resolvedGroups: [GUID]? = nil) -> PolicyAnswer
    {
        evaluate(token: token, keys: keys, now: now, resolvedGroups: resolvedGroups).answer
    }

    /// The principal of a genuine token whose groups must be asked of the directory, where nothing else is wrong with
    /// it.
    public func principalToResolve(token: [UInt8], keys: KeySnapshot, now: Timestamp) -> EntraPrincipal? {
        let evaluation = token.withUnsafeBytes { authenticator.examine(token: $0, keys: keys, now: now) }
        // With emergency access there is an answer without the directory, and another one with it.
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
        return PolicyAnswer(evaluation, areClaimsBelieved: true)
    }

    /// The answer on a token, and its claims if its signature is right.
    func evaluate(
        token: [UInt8],
        keys: KeySnapshot,
        now: Timestamp,
        resolvedGroups: [GUID]?
    ) -> (answer: PolicyAnswer, claims: JSONValue?) {
        let evaluation = token.withUnsafeBytes {
            authenticator.examine(token: $0, keys: keys, now: now, resolvedGroups: resolvedGroups)
        }
        let answer = PolicyAnswer(evaluation, areClaimsBelieved: evaluation.areClaimsTrusted)
        return (answer, evaluation.areClaimsTrusted ? evaluation.claims?.json : nil)
    }
}
