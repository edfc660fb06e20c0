import AccessPolicy
import Entra
import EntraTokens
import Inspection
public import Jansson
import SafeText
public import Terminal
import TokenReviewAPI

/// The findings of `doctor`, step by step.
public struct DoctorReport {
    /// The steps in their order.
    public enum StepName: String {
        case kubeconfig
        case apiServer
        case clock
        /// How the kubeconfig's user signs in.
        case method
        case plugin
        case token
        /// What has changed in Entra since the token was issued; only if the configuration watches principals.
        case directory
        case identity
        case permissions
    }

    /// How a step ended.
    public enum Status: String {
        case passed
        case warning
        case failed
        case skipped

        var mark: String {
            switch self {
            case .passed: "ok  "
            case .warning: "warn"
            case .failed: "FAIL"
            case .skipped: "skip"
            }
        }

        var style: TerminalWriter.Style {
            switch self {
            case .passed: .good
            case .failed: .bad
            case .warning, .skipped: .doubtful
            }
        }
    }

    /// One step.
    public struct Step {
        /// The step.
        public let name: StepName
        /// How the step ended.
        public let status: Status
        /// What was found, for people.
        public let detail: String
        /// What to do about it.
        public let hint: String?
    }

    /// The steps so far.
    public private(set) var steps: [Step] = []
    /// Whether nothing could be checked, for example because there is no connection.
    public internal(set) var couldNotCheck = false
    var inspection: InspectionReport?
    var user: KubernetesUser?
    /// What speaks against the problem: the API server accepts the token that the configuration refuses.
    var contradiction: String?
    /// Removes secrets from every output.
    var secret: SecretFilter?

    /// The user in an API server's answer, without what repeats the token; nil if this is no such answer.
    func user(in body: [UInt8]) -> KubernetesUser? {
        guard let user = try? SelfSubjectReview.user(in: body) else { return nil }
        guard let secret else { return user }
        return KubernetesUser(
            username: secret.hide(user.username), uid: secret.hide(user.uid), groups: user.groups.map(secret.hide),
            extra: user.extra.map { ExtraEntry(name: secret.hide($0.name), values: $0.values.map(secret.hide)) })
    }

    mutating func add(_ name: StepName, _ status: Status, _ detail: String, hint: String? = nil) {
        let hide = { [secret] (text: String) in secret?.hide(text) ?? text }
        steps.append(Step(name: name, status: status, detail: hide(detail), hint: hint.map(hide)))
    }

    /// The API server knows the caller, but did not send its time. If only the token's times were refused here, this
    /// host's clock is wrong.
    mutating func believeServerAboutTime() {
        let reasons = inspection?.checks.compactMap(\.reason) ?? []
        guard !reasons.isEmpty, reasons.allSatisfy({ $0 == .tokenExpired || $0 == .tokenNotYetValid }),
            problem?.name == .token
        else { return }
        steps = steps.map { step -> Step in
            switch (step.name, step.status) {
            case (.token, .failed):
                return Step(name: .token, status: .warning, detail: "by this host's clock, \(step.detail)", hint: nil)
            case (.clock, .skipped):
                return Step(
                    name: .clock, status: .warning,
                    detail:
                        "this host's clock is wrong: by it the token's time is not now, and the API server takes it",
                    hint: Self.clockHint)
            default: return step
            }
        }
    }

    static let clockHint =
        "set the clock (`timedatectl set-ntp true`): kubelogin and kubectl believe it when they ask whether a token has"
        + " expired"

    /// The first step that failed, which the user must fix first.
    public var problem: Step? { steps.first { $0.status == .failed } }

    var verdict: String { problem == nil ? "signedIn" : couldNotCheck ? "unknown" : "failed" }

    /// A future problem that does no harm today.
    var caveat: Step? { problem == nil ? steps.first { $0.name == .clock && $0.status == .warning } : nil }

    var message: String {
        if let problem { return problem.detail }
        if let caveat { return "signed in, but \(caveat.detail)" }
        return user.map { "the API server knows you as \($0.username)" } ?? "the API server takes the token"
    }

    /// The object of `doctor --output json`.
    public var json: JSON {
        .object([
            ("verdict", .string(verdict)),
            ("problem", JSON(problem?.name.rawValue)),
            ("message", .string(message)),
            ("hint", JSON(problem?.hint)),
            (
                "steps",
                .array(
                    steps.map {
                        .object([
                            ("name", .string($0.name.rawValue)), ("status", .string($0.status.rawValue)),
                            ("detail", .string($0.detail)), ("hint", JSON($0.hint)),
                        ])
                    })
            ),
            ("tokenSHA256", JSON(inspection?.tokenSHA256)),
            ("inspection", inspection?.json ?? .null),
            ("user", user?.json ?? .null),
        ])
    }

    /// The lines of `doctor`.
    public func text(on page: TerminalWriter) -> String {
        let known = user.map { "the API server knows you as \($0.username)" } ?? "the API server takes the token"
        let title =
            if let caveat {
                "SIGNED IN, but \(caveat.detail): \(known)"
            } else if problem == nil {
                "SIGNED IN: \(message)"
            } else {
                "\(couldNotCheck ? "COULD NOT CHECK" : "NOT WORKING"): \(message)"
            }
        var lines = page.wrapped(
            PrintableText.clean(title, maximum: 500),
            style: caveat != nil || couldNotCheck ? .doubtful : problem == nil ? .good : .bad)
        if let hint = caveat?.hint { lines += page.advice(PrintableText.clean(hint, maximum: 600), indent: 2) }
        if let hint = problem?.hint { lines += page.advice(PrintableText.clean(hint, maximum: 600), indent: 2) }
        if let contradiction { lines += page.advice(PrintableText.clean(contradiction, maximum: 600), indent: 2) }
        lines.append(page.rule("steps"))
        for step in steps {
            lines += page.item(
                step.status.mark, step.status.style, step.name.rawValue, PrintableText.clean(step.detail, maximum: 400))
            if let hint = step.hint, hint != (problem ?? caveat)?.hint, hint != contradiction {
                lines += page.advice(PrintableText.clean(hint, maximum: 600), indent: 24)
            }
        }
        if let inspection {
            lines += page.wrapped(
                "The webhook's log has this token as tokenSHA256 \(inspection.tokenSHA256)"
                    + (inspection.claims?.tokenID.map { ", Entra's sign-in log as \(PrintableText.clean($0))" } ?? "")
                    + ".")
        }
        return lines.joined(separator: "\n")
    }
}
