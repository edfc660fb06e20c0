internal import AccessPolicy
internal import Inspection
internal import Jansson
internal import SafeText
internal import Terminal

/// What `doctor` found, step by step.
struct DoctorReport {
    enum StepName: String {
        case kubeconfig
        case apiServer
        case clock
        case signIn
        case plugin
        case token
        case identity
        case permissions
    }

    enum Status: String {
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

        var style: TextPage.Style {
            switch self {
            case .passed: .good
            case .failed: .bad
            case .warning, .skipped: .doubtful
            }
        }
    }

    struct Step {
        let name: StepName
        let status: Status
        let detail: String
        let hint: String?
    }

    private(set) var steps: [Step] = []
    /// Nothing could be found out, for example because there is no connection.
    var couldNotCheck = false
    var inspection: InspectionReport?
    var user: KubernetesUser?
    /// What must not stand in any output.
    var secret: SecretFilter?

    mutating func add(_ name: StepName, _ status: Status, _ detail: String, hint: String? = nil) {
        let hide = { [secret] (text: String) in secret?.hide(text) ?? text }
        steps.append(Step(name: name, status: status, detail: hide(detail), hint: hint.map(hide)))
    }

    /// What the user has to see to first.
    var problem: Step? { steps.first { $0.status == .failed } }

    var verdict: String { problem == nil ? "signedIn" : couldNotCheck ? "unknown" : "failed" }

    var message: String {
        if let problem { return problem.detail }
        return user.map { "the API server knows you as \($0.username)" } ?? "the API server takes the token"
    }

    var json: JSON {
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
            ("inspection", inspection?.json ?? .null),
            ("user", user?.json ?? .null),
        ])
    }

    func text(on page: TextPage) -> String {
        let title = problem == nil ? "SIGNED IN" : couldNotCheck ? "COULD NOT CHECK" : "NOT WORKING"
        var lines = page.wrapped(
            "\(title): \(PrintableText.clean(message, maximum: 400))",
            style: problem == nil ? .good : couldNotCheck ? .doubtful : .bad)
        if let hint = problem?.hint { lines += page.advice(PrintableText.clean(hint, maximum: 600), indent: 2) }
        lines.append(page.rule("steps"))
        for step in steps {
            lines += page.item(
                step.status.mark, step.status.style, step.name.rawValue, PrintableText.clean(step.detail, maximum: 400))
            if let hint = step.hint, hint != problem?.hint {
                lines += page.advice(PrintableText.clean(hint, maximum: 600), indent: 24)
            }
        }
        return lines.joined(separator: "\n")
    }
}
