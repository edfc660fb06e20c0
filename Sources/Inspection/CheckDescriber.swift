internal import AccessPolicy
internal import Authentication
internal import EntraTokens
internal import Jansson
internal import Timestamps

/// Says of each check what was found and what was wanted.
struct CheckDescriber {
    let evaluation: TokenEvaluation<AllChecks>
    let settings: AuthenticationSettings
    let trust: TenantTrust?
    let hasConfiguration: Bool
    let keys: KeySnapshot?
    let now: Timestamp

    /// Checks that mean nothing without a configuration.
    private static let configured: Set<TokenCheck> = [
        .issuer, .tenant, .keyIssuer, .audience, .clientApp, .subjectKind, .requiredClaims, .lifetime,
    ]

    func describe(_ check: TokenCheck, _ outcome: CheckOutcome) -> InspectionReport.Check {
        if !hasConfiguration, Self.configured.contains(check), outcome == .passed {
            return .init(check: check, outcome: .skipped, detail: "no configuration: \(found(check))", hint: nil)
        }
        switch outcome {
        case .passed: return .init(check: check, outcome: outcome, detail: found(check), hint: nil)
        case .skipped: return .init(check: check, outcome: outcome, detail: whySkipped(check), hint: nil)
        case .failed(let reason):
            return .init(
                check: check, outcome: outcome, detail: failure(check, reason), hint: hint(check, reason) ?? reason.hint
            )
        }
    }

    private var claims: EntraClaims? { evaluation.claims }

    /// What is there, for a check that passed.
    private func found(_ check: TokenCheck) -> String {
        switch check {
        case .size: "within \(settings.tokenBytes) bytes"
        case .structure:
            evaluation.envelope == nil ? "a signed JSON Web Token" : "a signed JSON Web Token in an envelope"
        case .algorithm: evaluation.header?.algorithm ?? ""
        case .header: "nothing that does not belong there"
        case .keyID: evaluation.header?.keyID ?? ""
        case .key: "the key is among the given keys"
        case .signature: "right"
        case .claims: "all there, in the right form"
        case .issuer: claims?.issuer ?? ""
        case .tenant: claims?.tenantID ?? ""
        case .keyIssuer: "the key is the tenant's own"
        case .tokenKind: "an access token"
        case .audience: WellKnownApplication.described(claims?.audience ?? "")
        case .expiry: claims?.expires.map { "expires \(moment($0))" } ?? ""
        case .notBefore: claims?.notBefore.map { "valid since \(moment($0))" } ?? ""
        case .lifetime: lifetime
        case .clientApp: claims?.clientAppID.map(WellKnownApplication.described) ?? "none"
        case .subjectKind: evaluation.kind?.rawValue ?? ""
        case .subject: claims?.objectID ?? ""
        case .requiredClaims: trust?.requiredClaims.isEmpty == false ? "all there" : "none are required"
        case .groups: groups
        case .username: evaluation.access?.user.username ?? ""
        case .proofOfPossession: evaluation.envelope == nil ? "not needed" : "right"
        }
    }

    private func whySkipped(_ check: TokenCheck) -> String {
        switch check {
        case .key, .signature:
            keys == nil ? "there are no signing keys to check with" : "the header does not say how to check"
        case .keyIssuer: "the signature was not verified"
        case .groups: "emergency access needs no groups"
        default: "what it looks at is missing"
        }
    }

    private func failure(_ check: TokenCheck, _ reason: RefusalReason) -> String {
        switch check {
        case .algorithm: "alg is \(evaluation.header?.algorithm.map(quoted) ?? "missing"); only RS256 is taken"
        case .header: "the header carries \(evaluation.header?.forbidden.joined(separator: ", ") ?? "")"
        case .key where reason == .keyNotFound:
            "signed with the key \(quoted(evaluation.header?.keyID ?? "")), which is not among the \(keyCount) given"
        case .signature: "the signature does not fit the key \(quoted(evaluation.header?.keyID ?? ""))"
        case .claims: claims.map { "wrong or missing: \($0.malformed.joined(separator: ", "))" } ?? "not a JSON object"
        case .issuer: issuerFailure
        case .tenant:
            "tid is \(claims?.tenantID.map(quoted) ?? "missing"), the issuer's tenant is \(tenantText(trust))"
        case .audience:
            "made for \(claims?.audience.map(WellKnownApplication.described) ?? "nobody"); this cluster takes "
                + (trust?.audiences.joined(separator: ", ") ?? "")
        case .expiry: claims?.expires.map { "expired \(moment($0))" } ?? reason.sentence
        case .notBefore: claims?.notBefore.map { "valid \(moment($0))" } ?? reason.sentence
        case .lifetime:
            "\(lifetime), and the longest allowed is \(RelativeTime.span(trust?.maximumTokenLifetime ?? 0))"
        case .clientApp: "asked for by \(claims?.clientAppID.map(WellKnownApplication.described) ?? "nobody")"
        case .subjectKind:
            "this is a principal of the kind \(evaluation.kind?.rawValue ?? "unknown"); allowed are "
                + (trust?.subjects.map(\.rawValue).sorted().joined(separator: ", ") ?? "none")
        case .requiredClaims: requiredClaim
        case .groups where reason == .groupOverage: "more than 200 groups, so the token lists none of them"
        case .groups where reason == .groupResolutionFailed:
            "more than 200 groups: the webhook would ask Microsoft Graph, which is never done here"
        case .username:
            "the name would be \(quoted(settings.kubernetes.usernamePrefix + (claims?.userPrincipalName ?? "")))"
        case .proofOfPossession where reason == .proofOfPossessionRequired:
            claims?.isBound == true ? "the token is bound to a key and came without its envelope" : reason.sentence
        default: reason.sentence
        }
    }

    private func hint(_ check: TokenCheck, _ reason: RefusalReason) -> String? {
        switch check {
        case .header where evaluation.header?.hasNonce == true:
            "this token is for Microsoft Graph: set --server-id in the kubeconfig to \(serverID)"
        case .audience: "set --server-id in the kubeconfig to \(serverID), then sign in again"
        case .issuer where hasConfiguration && settings.tenants.count == 1:
            "set --tenant-id in the kubeconfig to \(tenantText(trust)), then sign in again"
        default: nil
        }
    }

    private var serverID: String {
        guard hasConfiguration, let first = trust?.audiences.first else { return "this cluster's application ID" }
        return first
    }

    private var issuerFailure: String {
        let issuer = claims?.issuer.map(quoted) ?? "nobody"
        let trusted = settings.tenants.map { "tenant \($0.trust.tenantID)" }.joined(separator: ", ")
        if trusted.isEmpty { return "issued by \(issuer), which is no tenant of Entra" }
        if let tenantID = claims?.tenantID.flatMap(GUID.init),
            settings.tenants.allSatisfy({ $0.trust.tenantID != tenantID })
        {
            return "issued by \(issuer) for tenant \(tenantID); this cluster trusts \(trusted)"
        }
        return "issued by \(issuer); this cluster trusts \(trusted)"
    }

    private var requiredClaim: String {
        guard let claims, let unmet = trust?.unmetRequirement(claims) else { return "" }
        return unmet.reason == .requiredClaimMissing
            ? "\(unmet.claim) is missing" : "\(unmet.claim) has a value that is not accepted"
    }

    private var groups: String {
        guard let claims else { return "" }
        if claims.groups.hasOverage { return "more than 200 groups, which the configuration lets pass" }
        let count = claims.groups.objectIDs.count
        return count == 1 ? "1 group" : "\(count) groups"
    }

    private var lifetime: String {
        guard let expires = claims?.expires, let start = claims?.lifetimeStart else { return "" }
        return "a life of \(RelativeTime.span(expires.seconds(since: start)))"
    }

    private var keyCount: String {
        guard let keys else { return "0 keys" }
        let count = Set(keys.tenants.flatMap { $0?.keys.map(\.keyID) ?? [] }).count
        return count == 1 ? "1 key" : "\(count) keys"
    }

    private func tenantText(_ trust: TenantTrust?) -> String { trust?.tenantID.description ?? "unknown" }

    private func moment(_ time: Timestamp) -> String {
        "\(RelativeTime.describe(time, now: now)), at \(time.rfc3339)"
    }

    /// A value of the token, made safe to print: no control characters, no endless text.
    private func quoted(_ text: String) -> String { PrintableText.quoted(text) }
}

/// Values that a stranger wrote, made safe for a terminal.
public enum PrintableText {
    public static let maximumLength = 120

    /// Without control characters, and not endless.
    public static func clean(_ text: String, maximum: Int = maximumLength) -> String {
        var cleaned = String(
            String.UnicodeScalarView(
                text.unicodeScalars.prefix(maximum).map { scalar in
                    scalar.value < 32 || (127...159).contains(scalar.value) || (0x202A...0x202E).contains(scalar.value)
                        || (0x2066...0x2069).contains(scalar.value) ? "\u{FFFD}" : scalar
                }))
        if text.unicodeScalars.count > maximum { cleaned += "…" }
        return cleaned
    }

    /// As ``clean(_:)``, in quotation marks.
    public static func quoted(_ text: String) -> String { "\"\(clean(text))\"" }
}
