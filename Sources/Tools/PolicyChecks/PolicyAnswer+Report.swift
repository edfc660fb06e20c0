public import AccessPolicy
import Authentication
public import Configuration
import Entra
public import Jansson
import Kubeconfigs
import SafeText

extension PolicyAnswer {
    /// The answer for programs, as `policy check --output json` prints it.
    public var json: JSON {
        .object([
            ("admitted", .bool(isAdmitted)),
            ("admin", .bool(isAdmin)),
            ("reason", JSON(reason?.code)),
            ("message", JSON(reason.map { sentence($0) })),
            ("hint", JSON(hint)),
            ("tenantID", JSON(tenantID?.description)),
            ("subjectKind", JSON(kind?.rawValue)),
            ("user", access.map { JSON($0.user) } ?? .null),
            ("emergencyAccess", JSON(access?.emergencyReason)),
            (
                "because",
                .array(
                    (access?.because ?? []).map { grant in
                        .object([
                            ("rule", .string(grant.rule.rawValue)), ("matched", .string(grant.matched)),
                            ("gives", JSON(grant.gives)),
                        ])
                    }
                        + denials.prefix(PolicyDenial.maximumNamed).map { denial in
                            .object([
                                ("rule", .string(denial.rule)), ("matched", .string(denial.matched)),
                                ("gives", .array([])),
                            ])
                        })
            ),
            ("canI", JSON(canI)),
        ])
    }

    /// The kubectl command that asks the API server what this principal can do; nil if the principal is refused.
    public var canI: String? {
        access.flatMap { KubectlCommand.canI(username: $0.user.username, groups: $0.user.groups) }
    }

    /// Whether the question named no object ID, so that a placeholder of zeros is used.
    private var hasStandInID: Bool { access.flatMap { GUID($0.user.uid) } == .zero }

    /// Whether the placeholder is in the user name, because guests, applications and people without a UPN are named by
    /// object ID.
    private var hasStandInName: Bool {
        hasStandInID && access?.user.username.contains(GUID.zero.description) ?? false
    }

    /// Says that nobody has the user name, so that RBAC bindings to the real object ID are not seen; nil if the name is
    /// real. For people, also beside JSON.
    public var remark: String? {
        guard hasStandInName else { return nil }
        return "the user name is a stand-in, which nobody has: give --object-id, or --user for somebody named by UPN"
    }

    /// The answer for people, with the names that object IDs have.
    public func text(_ names: DirectoryNames) -> String { PrintableText.page(lines(names)) }

    /// The lines of ``text(_:)``.
    package func lines(_ names: DirectoryNames) -> [String] {
        // The line for the shell stays unchanged.
        lines.map { $0 == canI ? $0 : PrintableText.clean(names.annotate($0), maximum: 2000) }
    }

    /// The answer for people.
    public var text: String { PrintableText.page(lines) }

    private var lines: [String] {
        guard let access else {
            let reason = reason ?? .claimsMalformed
            return [
                "refused: \(reason.code)", "  \(sentence(reason))", "  what to do: \(hint ?? reason.hint)",
            ] + denials.prefix(PolicyDenial.maximumNamed).map { "  \($0.line)" }
        }
        var lines = [isAdmin ? "admitted, and is cluster admin" : "admitted, and is not cluster admin"]
        lines.append(
            "  user name:  \(PrintableText.whole(access.user.username))" + (hasStandInName ? " (a stand-in)" : ""))
        lines.append("  object ID:  \(hasStandInID ? "not given (--object-id)" : access.user.uid)")
        if let kind { lines.append("  kind:       \(kind.rawValue)") }
        lines.append("  groups:     \(access.user.groups.isEmpty ? "none" : "")")
        lines.append(contentsOf: access.user.groups.map { "    \(PrintableText.whole($0))" })
        if !access.because.isEmpty { lines.append("  because:") }
        for grant in access.because {
            let gives = grant.gives.isEmpty ? "nothing" : grant.gives.joined(separator: ", ")
            lines.append(
                "    \(grant.rule.words) \(PrintableText.whole(grant.matched)) gives \(PrintableText.whole(gives))")
        }
        lines.append(contentsOf: denials.prefix(PolicyDenial.maximumNamed).map { "  \($0.line)" })
        if access.because.contains(where: { $0.rule == .emergencyAccess }) {
            let reason = access.emergencyReason ?? ""
            lines.append("  emergency access: \(reason.isEmpty ? "no reason is given" : PrintableText.whole(reason))")
        }
        if let canI {
            let after = hasStandInName ? ", after you wrote a real name for the stand-in:" : ":"
            lines += ["", "what the cluster allows, asked of its API server\(after)", canI]
        }
        return lines.map { String($0.trimmedEnd) }
    }

    /// What to do; with the time from which the deny list accepts a new sign-in, if it does.
    private var hint: String? {
        let passes = denials.first { $0.isApplied }?.entry.newSignInPasses
        if reason == .principalDenied, let passes { return RefusalReason.newSignInHint(passes) }
        return reason?.hint
    }

    private func sentence(_ reason: RefusalReason) -> String {
        guard reason == .claimsMalformed, !malformedClaims.isEmpty else { return reason.sentence }
        return reason.sentence + ": " + malformedClaims.joined(separator: ", ")
    }
}

extension Grant.Rule {
    fileprivate var words: String {
        switch self {
        case .adminGroup: "admin group"
        case .groupMapping: "mapped group"
        case .appRoleMapping: "app role"
        case .emergencyAccess: "emergency access of object"
        case .groupObjectID: "group"
        }
    }
}

extension JSON {
    /// A Kubernetes user as the commands print it.
    public init(_ user: KubernetesUser) {
        self = .object([
            ("username", .string(user.username)),
            ("uid", .string(user.uid)),
            ("groups", JSON(user.groups)),
            ("extra", .object(user.extra.map { ($0.name, JSON($0.values)) })),
        ])
    }
}

extension String {
    fileprivate var trimmedEnd: Substring {
        var text = Substring(self)
        while text.last == " " { text = text.dropLast() }
        return text
    }
}
