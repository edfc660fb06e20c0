import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import SafeText
import Terminal
import Timestamps

/// Describes what each check found and what it expected.
struct CheckDescriber {
    let input: TokenInput
    let evaluation: TokenEvaluation<AllChecks>
    let settings: AuthenticationSettings
    let trust: TokenValidationRules?
    let hasConfiguration: Bool
    /// The keys of the checks.
    let keys: KeySnapshot?
    /// Whether there were any keys, even of another tenant.
    let hadKeys: Bool
    let now: Timestamp

    /// Checks that mean nothing without a configuration.
    private static let configured: Set<TokenCheck> = [
        .issuer, .tenant, .keyIssuer, .audience, .clientApp, .subjectKind, .denyList, .requiredClaims, .lifetime,
        .username,
    ]

    var claims: EntraClaims? { evaluation.claims }

    func describe(_ check: TokenCheck, _ outcome: CheckOutcome) -> InspectionReport.Check {
        if !hasConfiguration, let needs = needsConfiguration(check, outcome) {
            return .init(check: check, outcome: .skipped, detail: "needs --config" + needs, hint: nil)
        }
        switch outcome {
        case .passed: return .init(check: check, outcome: outcome, detail: found(check), hint: nil)
        case .skipped: return .init(check: check, outcome: outcome, detail: whySkipped(check), hint: nil)
        case .failed(.groupResolutionFailed):
            return .init(
                check: check, outcome: .skipped,
                detail: "more than 200 groups: serve asks Microsoft Graph, inspect asks nobody", hint: nil)
        case .failed(let reason):
            return .init(
                check: check, outcome: outcome, detail: failure(check, reason),
                hint: hint(check, reason) ?? reason.hint)
        }
    }

    /// What a check that needs a configuration can show without one; nil for the others.
    private func needsConfiguration(_ check: TokenCheck, _ outcome: CheckOutcome) -> String? {
        guard outcome == .passed else { return nil }
        if check == .groups, claims?.groups.hasOverage == true {
            return ": more than 200 groups, which the token does not list"
        }
        if check == .proofOfPossession, evaluation.envelope != nil { return ": the envelope itself is right" }
        if check == .requiredClaims { return "" }
        return Self.configured.contains(check) ? ": \(found(check))" : nil
    }

    /// What a passed check found.
    private func found(_ check: TokenCheck) -> String {
        switch check {
        case .size: "\(input.token.count) of at most \(settings.tokenBytes) bytes"
        case .structure:
            evaluation.envelope == nil ? "a signed JSON Web Token" : "a signed JSON Web Token in an envelope"
        case .algorithm: evaluation.header?.algorithm ?? ""
        case .header: "nothing that does not belong there"
        case .keyID: shown(evaluation.header?.keyID)
        case .key: "among the given keys"
        case .signature: "right"
        case .claims: "all there, in the right form"
        case .issuer: issuerFound
        case .tenant: shown(claims?.tenantID)
        case .keyIssuer: "the key is the tenant's own"
        case .tokenKind: "an access token"
        case .audience: WellKnownApplication.described(claims?.audience ?? "")
        case .expiry: claims?.expires.map { "expires \(moment($0))" } ?? ""
        case .notBefore: claims?.notBefore.map { "valid since \(moment($0))" } ?? ""
        case .lifetime: lifetime
        case .clientApp: claims?.clientAppID.map(WellKnownApplication.described) ?? "none"
        case .subjectKind: evaluation.kind?.rawValue ?? ""
        case .subject: shown(claims?.objectID)
        case .denyList: "no entry of the deny list"
        case .requiredClaims:
            trust?.requiredClaims.isEmpty == false
                ? "all there: \(trust?.requiredClaims.map(\.claim.text).joined(separator: ", ") ?? "")"
                : "none are required"
        case .account: "enabled, as far as is known"
        case .groups: groups
        case .username: shown(evaluation.access?.user.username)
        case .proofOfPossession: evaluation.envelope == nil ? "not needed" : "right; serve takes each envelope once"
        }
    }

    private func whySkipped(_ check: TokenCheck) -> String {
        switch check {
        case .key, .signature:
            if keys == nil {
                hadKeys
                    ? "there are no signing keys of this tenant to check with"
                    : "there are no signing keys to check with"
            } else if hasFailed(.key) {
                "there is no key to check it with"
            } else {
                "the header does not say how to check"
            }
        case .keyIssuer: "the signature was not verified"
        case .groups:
            claims?.groups.hasOverage == true && evaluation.access == nil
                ? "more than 200 groups: serve asks Microsoft Graph, inspect asks nobody"
                : "emergency access needs no groups"
        case .account: "serve asks Microsoft Graph where directory.watch is on, inspect asks nobody"
        case .username: "there is no object ID to name anybody by"
        case .expiry: "the token does not say when it expires"
        case .notBefore: "the token does not say from when it is valid"
        case .lifetime: "the token does not say how long it lives"
        default: "what it looks at is missing"
        }
    }

    func hasFailed(_ check: TokenCheck) -> Bool {
        evaluation.recorder.outcomes.contains { outcome in
            if case .failed = outcome.outcome { outcome.check == check } else { false }
        }
    }

    // MARK: Parts

    private var issuerFound: String {
        guard let text = claims?.issuer else { return "" }
        guard hasConfiguration, let issuer = EntraIssuer(text) else { return shown(text) }
        return "v\(issuer.version == .v1 ? 1 : 2) issuer of tenant \(issuer.tenantID)"
    }

    private var groups: String {
        guard let claims else { return "" }
        if claims.groups.hasOverage { return "more than 200 groups, which the configuration lets pass" }
        let count = claims.groups.objectIDs.count
        let dropped = claims.groups.droppedCount
        return (count == 1 ? "1 group" : "\(count) groups")
            + (dropped == 0
                ? "" : "; dropped \(dropped) that \(dropped == 1 ? "is no object ID" : "are no object IDs")")
    }

    var lifetime: String {
        guard let expires = claims?.expires, let start = claims?.lifetimeStart else { return "" }
        return "a life of \(RelativeTime.span(expires.seconds(since: start)))"
    }

    func moment(_ time: Timestamp) -> String {
        "\(RelativeTime.describe(time, now: now)), at \(time.rfc3339)"
    }

    /// A value of the token, safe to print.
    func shown(_ text: String?) -> String { PrintableText.clean(text ?? "") }

    func quoted(_ text: String?) -> String { text.map { PrintableText.quoted($0) } ?? "missing" }
}
