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
        /// There were no keys to check the signature with.
        case unverified
    }

    public struct Check: Sendable {
        public let check: TokenCheck
        public let outcome: CheckOutcome
        public let detail: String
        /// What to do about a failure.
        public let hint: String?
    }

    public let verdict: Verdict
    public let reason: RefusalReason?
    public let message: String
    public let hint: String?
    public let checks: [Check]
    public let header: JSONValue?
    public let claims: EntraClaims?
    public let areClaimsTrusted: Bool
    public let kind: SubjectKind
    public let user: KubernetesUser?
    public let isAdmin: Bool
    public let adminGroups: [GUID]
    public let mappedGroups: [GUID]
    /// Facts that are no check: where the token was taken from, how the user is named.
    public let notes: [String]
    public let now: Timestamp
    public let hasConfiguration: Bool
    public let isEnvelope: Bool

    /// Inspects what was given.
    ///
    /// - Parameters:
    ///   - settings: nil without a configuration; checks that need one are then skipped.
    ///   - keys: in the order of the settings' tenants; nil when there are none.
    public init(_ input: TokenInput, settings: AuthenticationSettings?, keys: KeySnapshot?, now: Timestamp) {
        let judged = settings ?? GuessedSettings.settings(for: input.token)
        // With guessed settings there is one tenant, and whatever keys were given are its keys.
        let keys = settings == nil ? keys.map { GuessedSettings.snapshot($0) } : keys
        let evaluation = input.token.withUnsafeBytes { token in
            Authenticator(judged).examine(token: token, keys: keys, now: now)
        }
        self.now = now
        hasConfiguration = settings != nil
        isEnvelope = evaluation.envelope != nil
        reason = evaluation.reason
        header = evaluation.headerDocument?.root
        claims = evaluation.claims
        areClaimsTrusted = evaluation.areClaimsTrusted
        let trust = judged.tenants.isEmpty ? nil : judged.tenants[evaluation.tenantIndex ?? 0].trust
        let policy = judged.tenants.isEmpty ? nil : judged.tenants[evaluation.tenantIndex ?? 0].policy
        if let kind = evaluation.kind {
            self.kind = kind
        } else if let claims = evaluation.claims, let trust {
            kind = SubjectKind(claims, trust: trust)
        } else {
            kind = .unknown
        }
        let access = evaluation.reason == nil && settings != nil ? evaluation.access : nil
        user = access?.user
        isAdmin = access?.isAdmin ?? false
        let memberships = Set(evaluation.claims?.groups.objectIDs ?? [])
        adminGroups = policy?.adminGroupObjectIDs.filter(memberships.contains) ?? []
        mappedGroups = policy?.groupMappings.map(\.groupObjectID).filter(memberships.contains) ?? []

        let describer = CheckDescriber(
            evaluation: evaluation, settings: judged, trust: trust, hasConfiguration: settings != nil, keys: keys,
            now: now)
        checks = evaluation.recorder.outcomes.map { describer.describe($0.check, $0.outcome) }

        // What is no signed token at all is refused whatever the keys are.
        let needsNoKey = evaluation.reason.map { $0 <= .tokenEncrypted } ?? false
        if keys == nil && !needsNoKey {
            verdict = .unverified
        } else {
            verdict = evaluation.reason == nil ? .accepted : .rejected
        }
        let failure = checks.first { if case .failed = $0.outcome { true } else { false } }
        if let reason = evaluation.reason {
            message = input.other == nil ? reason.sentence : input.note ?? reason.sentence
            hint = failure.map { $0.outcome == .failed(reason) ? $0.hint ?? reason.hint : reason.hint } ?? reason.hint
        } else if keys == nil {
            message = "the signature was not checked: there are no signing keys"
            hint = "save the tenant's keys with `kube-entra keys fetch` and pass them with --keys"
        } else if let access {
            message = "accepted as \(access.user.username)" + (access.isAdmin ? ", an admin" : "")
            hint = nil
        } else {
            message = "genuine and valid, as far as can be said without a configuration"
            hint = "pass the cluster's configuration with --config"
        }
        notes = InspectionReport.notes(
            input, evaluation: evaluation, kind: kind, hasConfiguration: settings != nil, kubernetes: judged.kubernetes)
    }

    /// The tenant that a token says it is of, when there is no configuration to name tenants.
    public static func guessedTenants(_ input: TokenInput) -> [TenantTrust] {
        GuessedSettings.settings(for: input.token).tenants.map(\.trust)
    }

    private static func notes(
        _ input: TokenInput,
        evaluation: TokenEvaluation<AllChecks>,
        kind: SubjectKind,
        hasConfiguration: Bool,
        kubernetes: KubernetesPolicy
    ) -> [String] {
        var notes: [String] = []
        if input.other == nil, let note = input.note { notes.append(note) }
        if evaluation.envelope != nil {
            notes.append("a proof-of-possession envelope; what follows is the token inside")
        }
        if evaluation.header?.hasNonce == true {
            notes.append("made for Microsoft Graph: its signature cannot be checked as it stands")
        }
        guard let claims = evaluation.claims else { return notes }
        if let issuer = claims.issuer, claims.json["kubernetes.io"] != nil || issuer == "kubernetes/serviceaccount" {
            notes.append("a service account token of a Kubernetes cluster")
        }
        if kind == .user, claims.userPrincipalName == nil, kubernetes.username == .upn {
            notes.append(
                "the token has no upn claim, so the user is named by object ID; to change that, add upn to the optional"
                    + " claims of the server application's access tokens")
        }
        if claims.groups.droppedCount > 0 {
            notes.append(
                "\(claims.groups.droppedCount) values in groups are no object IDs and were dropped: set the group claim"
                    + " to object IDs")
        }
        return notes
    }
}

/// Settings that fit a token, for when there is no configuration: what it says about itself is taken as wanted.
enum GuessedSettings {
    static func settings(for token: [UInt8]) -> AuthenticationSettings {
        let open = AuthenticationSettings(tenants: [], tokenBytes: 1 << 20)
        let first = token.withUnsafeBytes {
            Authenticator(open).examine(token: $0, keys: nil, now: .init(secondsSinceEpoch: 0))
        }
        guard let claims = first.claims, let issuer = claims.issuer, let tenantID = claims.tenantID.flatMap(GUID.init)
        else { return open }
        let suffixes = ["/\(tenantID)/v2.0", "/\(tenantID)/"]
        guard let suffix = suffixes.first(where: issuer.hasSuffix) else { return open }
        let base = String(issuer.dropLast(suffix.count))
        let cloud = Cloud.allCases.first { $0.authority == base || $0.legacyIssuerBase == base }
        let trust = TenantTrust(
            tenantID: tenantID,
            cloud: cloud ?? .public,
            authority: cloud == nil ? base : nil,
            audiences: claims.audience.map { [$0] } ?? [],
            subjects: Set(SubjectKind.allCases),
            maximumTokenLifetime: .max)
        return AuthenticationSettings(tenants: [TenantRules(trust: trust, policy: .init())], tokenBytes: 1 << 20)
    }

    static func snapshot(_ keys: KeySnapshot) -> KeySnapshot {
        KeySnapshot([keys.tenants.compactMap { $0 }.first])
    }
}
