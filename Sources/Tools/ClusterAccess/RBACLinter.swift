import AccessPolicy
public import Configuration
import Entra
import Kubeconfigs
public import RBAC
import SafeText

/// Finds bindings that can never match, and bindings that grant too much.
public struct RBACLinter {
    let cluster: Cluster
    let names: EntraNames
    /// Display names from the configuration's `names`.
    let displayNames: DirectoryNames
    private var findings: [RBACFinding] = []
    /// Number of findings that annotations suppress.
    private(set) var silenced = 0
    /// Problems with annotations.
    private var remarks: [String] = []
    private let isAdminRole: [Bool]
    private let spelledOtherwise: [String: String]

    private init(_ cluster: Cluster, _ names: EntraNames, _ displayNames: DirectoryNames) {
        self.cluster = cluster
        self.names = names
        self.displayNames = displayNames
        isAdminRole = cluster.answers(.everything)
        spelledOtherwise = Dictionary(names.configuredGroups.map { ($0.lowercased(), $0) }) { min($0, $1) }
    }

    /// Checks all bindings.
    ///
    /// - Parameter adminGroupsPlace: where the configuration names its admin groups.
    public static func report(
        _ cluster: Cluster, names: EntraNames, displayNames: DirectoryNames, adminGroupsPlace: Place? = nil
    ) -> RBACLintReport {
        var linter = RBACLinter(cluster, names, displayNames)
        for (index, binding) in cluster.bindings.enumerated() { linter.lint(binding, index) }
        linter.lintAdminGroups(adminGroupsPlace)
        return RBACLintReport(
            findings: linter.findings, silenced: linter.silenced, remarks: linter.remarks, input: cluster.input,
            bindingCount: cluster.bindings.count)
    }

    private mutating func lint(_ binding: Binding, _ index: Int) {
        let place = index < cluster.bindingPlaces.count ? cluster.bindingPlaces[index] : nil
        var found: [RBACFinding] = []
        func add(
            _ rule: RBACLintRule, _ severity: RBACLintRule.Severity, _ subject: Subject?, _ message: String,
            _ hint: String
        ) {
            found.append(
                RBACFinding(
                    rule: rule, severity: severity, binding: binding.name, subject: subject, message: message,
                    hint: hint, place: place))
        }
        var seen: Set<Subject> = []
        for subject in binding.subjects where seen.insert(subject).inserted {
            for problem in problems(of: subject, in: binding) {
                add(problem.rule, problem.severity, subject, problem.message, problem.hint)
            }
        }
        if cluster.role(of: binding) == nil {
            add(
                .roleMissing, .warning, nil, "there is no \(PrintableText.clean(binding.role.description))",
                "create the role or name one that is there; the input must hold the cluster's own roles too"
                    + " (kubectl get clusterroles,roles -A)")
        }
        let allowed = RBACLinter.allowedRules(binding.lintAllowance)
        let written = (binding.lintAllowance ?? "").split(separator: "\n").count { $0.contains { $0 != " " } }
        if allowed.count < written {
            let start = place.map { "\($0): " } ?? ""
            remarks.append(
                PrintableText.clean("\(start)\(binding.name)", maximum: 400)
                    + ": kube-entra.dev/lint-allow silences nothing: write the name of a rule and a reason")
        }
        findings += found.filter { !allowed.contains($0.rule) }
        silenced += found.count { allowed.contains($0.rule) }
    }

    /// The rules that an annotation suppresses: one on each line, followed by a reason.
    private static func allowedRules(_ annotation: String?) -> [RBACLintRule] {
        (annotation ?? "").split(separator: "\n").compactMap { line in
            let words = line.split { $0 == " " || $0 == "\t" || $0 == "\r" }
            guard words.count >= 2 else { return nil }
            return RBACLintRule(rawValue: String(words[0]))
        }
    }

    /// A name that the configuration can give and that differs only in case.
    func spelling(ofGroup name: String) -> String? {
        if let configured = spelledOtherwise[name.lowercased()] { return configured }
        let kubernetes = names.configuration.kubernetes
        guard kubernetes.groupObjectIDs == .include else { return nil }
        let length = kubernetes.groupPrefix.utf8.count
        guard name.utf8.count == length + 36, let id = GUID(String(name.utf8.dropFirst(length)) ?? "") else {
            return nil
        }
        let given = kubernetes.groupPrefix + id.description
        return names.isGiven(group: given) && given.lowercased() == name.lowercased() ? given : nil
    }

    private mutating func lintAdminGroups(_ place: Place?) {
        let configuration = names.configuration
        guard configuration.tenants.contains(where: { !$0.policy.adminGroupObjectIDs.isEmpty }) else { return }
        var bound: Set<ExactText> = []
        for binding in cluster.bindings where binding.name.kind == .clusterRoleBinding {
            // A role that was not read may be the one that is meant; `role-missing` says so.
            if let role = cluster.role(of: binding), !isAdminRole[role] { continue }
            for subject in binding.subjects where subject.kind == .group { bound.insert(ExactText(subject.name)) }
        }
        var seen: Set<ExactText> = [ExactText(EntraNames.masters)]
        for group in configuration.kubernetes.adminGroups where seen.insert(group).inserted {
            guard !bound.contains(group) else { continue }
            let name = PrintableText.clean(group.text)
            findings.append(
                RBACFinding(
                    rule: .adminGroupUnbound, severity: .warning, binding: nil,
                    subject: Subject(.group, name: group.text),
                    message: "cluster admins get Kubernetes group \(name), which no ClusterRoleBinding binds to a role"
                        + " that may do everything",
                    hint: "kubectl create clusterrolebinding kube-entra-cluster-admins --clusterrole=cluster-admin"
                        + " --group=\(ShellWord.quoted(name))",
                    place: place))
        }
    }

    /// Whether a binding's role allows everything.
    func isAdmin(_ binding: Binding) -> Bool { cluster.role(of: binding).map { isAdminRole[$0] } ?? false }
}

/// The result of `rbac lint`.
public struct RBACLintReport: Sendable {
    /// Findings that are not suppressed.
    public var findings: [RBACFinding]
    /// Number of suppressed findings.
    public var silenced: Int
    /// Remarks besides the findings: annotations without the intended effect.
    public var remarks: [String]
    /// The files and objects that were read.
    public var input: ClusterInput
    /// Number of checked bindings.
    public var bindingCount: Int

    /// Number of warnings.
    public var warningCount: Int { findings.count { $0.severity == .warning } }
}
