import AccessPolicy
import Authentication
public import Entra
import EntraTokens
import Inspection
import Kubeconfigs
import OpenSSL
import SafeText
import Terminal
public import Timestamps

/// What a client can say about a credential plugin's token before the cluster sees it.
public enum CredentialVerdict: Hashable, Sendable {
    /// The webhook would refuse the token.
    case refused(RefusalReason, hint: String, tokenSHA256: String)
    /// The token is valid, but will soon need attention.
    case warning(sentence: String, hint: String)

    /// A token that expires within this many seconds gets a warning.
    static let soon: Int64 = 5 * 60

    /// Checks a plugin's output with the checks of the webhook.
    ///
    /// - Parameters:
    ///   - output: the plugin's standard output. If it is not an ExecCredential with a token, only kubectl judges it.
    ///   - hints: nil to check only what the token itself shows.
    ///   - now: this computer's clock.
    /// - Returns: nil if there is nothing to say.
    public init?(output: [UInt8], hints: TokenHints?, now: Timestamp) {
        guard let credential = try? ExecCredential(decodingAnyVersion: output), let token = credential.token else {
            return nil
        }
        self.init(token: Array(token.utf8), hints: hints, now: now)
    }

    init?(token: [UInt8], hints: TokenHints?, now: Timestamp) {
        let settings = hints?.authentication ?? CredentialVerdict.settings(for: token)
        let evaluation = token.withUnsafeBytes {
            Authenticator(settings).examine(token: $0, keys: nil, now: now)
        }
        let failures = evaluation.recorder.outcomes.compactMap { outcome in
            if case .failed(let reason) = outcome.outcome { reason } else { nil }
        }
        // Without hints, only the form and the times of a foreign token are checked.
        let known = failures.filter {
            settings.tenants.isEmpty
                ? CredentialVerdict.foreign.contains($0) : CredentialVerdict.isKnown($0, hints: hints)
        }
        let isOurs = !failures.contains(.issuerNotTrusted)
        // If the signature could not be verified, the webhook looks at the issuer first.
        let first = known.contains(.issuerNotTrusted) ? .issuerNotTrusted : known.min()
        if let first {
            let digest = token.withUnsafeBytes { SHA256Digest(hashing: $0).hex }
            self = .refused(
                first, hint: CredentialAdvice(hints, claims: evaluation.claims).hint(for: first),
                tokenSHA256: String(digest.prefix(12)))
            return
        }
        guard isOurs, let warning = CredentialVerdict.warning(evaluation.claims, now: now) else { return nil }
        self = warning
    }

    /// Without hints, any tenant and audience is accepted: those of the token itself.
    private static func settings(for token: [UInt8]) -> AuthenticationSettings {
        AuthenticationSettings(
            tenants: InspectionReport.inferredTenants(TokenInput(token)).map {
                TenantConfiguration(trust: $0, policy: .init())
            }, tokenBytes: TokenHints.tokenBytes)
    }

    /// Whether a failed check is meaningful. What hints leave out (groups, keys, people, required claims) is not
    /// guessed.
    private static func isKnown(_ reason: RefusalReason, hints: TokenHints?) -> Bool {
        if let hints, hints.unknown.contains(reason) { return false }
        if alwaysKnown.contains(reason) { return true }
        return hints != nil && knownByHints.contains(reason)
    }

    /// What the token itself shows: its form, its times, its kind.
    private static let alwaysKnown: Set<RefusalReason> = [
        .tokenMalformed, .tokenEncrypted, .algorithmNotAllowed, .headerNotAllowed, .claimsMalformed,
        .tokenKindNotAccepted, .tokenExpired, .tokenNotYetValid, .subjectMissing, .proofOfPossessionRequired,
    ]

    /// What can be said about a token that Entra did not issue.
    private static let foreign: Set<RefusalReason> = [
        .tokenMalformed, .tokenEncrypted, .tokenExpired, .tokenNotYetValid,
    ]

    private static let knownByHints: Set<RefusalReason> = [
        .issuerNotTrusted, .tenantMismatch, .audienceNotAccepted, .tokenLifetimeTooLong, .clientAppNotAllowed,
        .subjectKindNotAllowed, .proofOfPossessionNotAccepted,
    ]

    /// What is valid now but not for long, or shows that the clock is wrong.
    private static func warning(_ claims: EntraClaims?, now: Timestamp) -> CredentialVerdict? {
        guard let claims else { return nil }
        if let start = claims.lifetimeStart, now < start {
            return .warning(
                sentence:
                    "this computer's clock is at least \(RelativeTime.span(start.seconds(since: now))) behind: the"
                    + " token is from the future",
                hint: "set the clock (`timedatectl set-ntp true`)")
        }
        guard let expires = claims.expires else { return nil }
        let left = expires.seconds(since: now)
        guard left <= soon else { return nil }
        if left <= 0 {
            return .warning(
                sentence: "the token has ended and is accepted for a moment more, since clocks may differ",
                hint: "run `kubelogin remove-cache-dir` and sign in again; if the token is new, set the clock")
        }
        return .warning(
            sentence: "the token ends in \(RelativeTime.span(left))",
            hint: "a command that takes longer loses its access: `kubelogin remove-cache-dir`, then sign in again")
    }
}

extension CredentialVerdict {
    /// The longest line, in bytes.
    static let maximumLine = 600

    /// One line for standard error, without a line ending. It contains nothing of the token except the start of its
    /// digest.
    public var line: String { line(hintsProblem: nil) }

    /// The line for hints that could not be used, if there is nothing else to say.
    public static func line(hintsProblem problem: String) -> String {
        fitting(
            start: "kube-entra: \(clause(problem)) → ", hint: "write them again with `kube-entra config hints`", end: ""
        )
    }

    /// - Parameter problem: why the hints could not be used; the same line says so.
    public func line(hintsProblem problem: String?) -> String {
        let more = problem.map { "; \(CredentialVerdict.clause($0))" } ?? ""
        return switch self {
        case .refused(let reason, let hint, let digest):
            CredentialVerdict.fitting(
                start: "kube-entra: \(reason.code): \(reason.sentence)\(more) → ", hint: hint,
                end: " (token \(digest))")
        case .warning(let sentence, let hint):
            CredentialVerdict.fitting(start: "kube-entra: \(sentence)\(more) → ", hint: hint, end: "")
        }
    }

    private static func clause(_ hintsProblem: String) -> String {
        "the hints cannot be read: \(PrintableText.clean(hintsProblem, maximum: 200))"
    }

    private static func fitting(start: String, hint: String, end: String) -> String {
        let hint = PrintableText.clean(hint, maximum: maximumLine)
        let room = maximumLine - start.utf8.count - end.utf8.count
        guard hint.utf8.count > room else { return start + hint + end }
        var clipped = ""
        var bytes = "…".utf8.count
        for character in hint {
            bytes += character.utf8.count
            if bytes > room { break }
            clipped.append(character)
        }
        return start + clipped + "…" + end
    }

    /// Whether the webhook would refuse the token.
    public var isRefusal: Bool {
        if case .refused = self { true } else { false }
    }
}
