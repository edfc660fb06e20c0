public import Configuration
import Jansson
public import PolicyChecks
public import RBAC
import SafeText
public import Terminal
public import Timestamps

/// The result of `policy diff`: what a change of the configuration means for people, and for their permissions in a
/// cluster.
public struct AccessDiff {
    private let policy: PolicyDiff
    /// The changes of permissions; nil without a cluster.
    private let permissions: PermissionDiff?
    private let displayNames: DirectoryNames
    private let hasSeveralTenants: Bool
    private let hasTwoClusters: Bool
    /// What people should know about the inputs.
    public let notes: [String]

    /// - Parameters:
    ///   - principals: asked about under both configurations.
    ///   - cluster: nil to leave permissions out.
    ///   - clusterAfter: the cluster after the change; nil if only the configuration changes.
    public init(
        from before: LoadedConfiguration, to after: LoadedConfiguration, principals: [SamplePrincipal],
        cluster: Cluster?, clusterAfter: Cluster? = nil, now: Timestamp
    ) {
        policy = PolicyDiff(from: before, to: after, principals: principals, now: now)
        permissions = cluster.map {
            PermissionDiff(
                from: EntraNames(before.configuration, now: now), to: EntraNames(after.configuration, now: now),
                cluster: $0, clusterAfter: clusterAfter)
        }
        hasTwoClusters = clusterAfter != nil
        let (new, newNotes) = DirectoryNames.ofPeople(after.configuration)
        let (old, oldNotes) = DirectoryNames.ofPeople(before.configuration)
        displayNames = new.merging(old)
        hasSeveralTenants = [before, after].contains { $0.configuration.tenants.count > 1 }
        let remarks = cluster?.input.remarks ?? []
        notes =
            remarks + (clusterAfter?.input.remarks ?? []).filter { !remarks.contains($0) } + newNotes + oldNotes
    }

    /// Whether the configurations give the same. With two clusters, also whether everybody can do the same.
    public var isEmpty: Bool { policy.isEmpty && !(hasTwoClusters && hasOtherPermissions) }

    private var hasOtherPermissions: Bool { permissions.map { !$0.changes.isEmpty } ?? false }

    /// Whether the configurations give the same access, but the two clusters do not.
    private var onlyBindingsDiffer: Bool { policy.isEmpty && !isEmpty }

    /// The differences in one of the command's formats.
    public func formatted(as format: DiffFormat) -> FormattedResult {
        switch format {
        case .text:
            let text = permissions.map { "\n\n" + $0.text(displayNames, namesTenants: hasSeveralTenants) }
            let head =
                onlyBindingsDiffer
                ? "configuration: no difference" : PrintableText.page(policy.lines.map(displayNames.annotate))
            return .text(head + (text ?? ""))
        case .markdown:
            let text = permissions.map { "\n\n" + $0.markdown(displayNames, namesTenants: hasSeveralTenants) }
            let head =
                onlyBindingsDiffer
                ? "### kube-entra policy diff\n\nConfiguration: no difference."
                : policy.markdown(annotate: displayNames.annotate)
            return .text(head + (text ?? ""))
        case .json:
            guard let permissions, case .object(var members) = policy.json else { return .json(policy.json) }
            members = members.map { $0.0 == "different" ? ("different", .bool(!isEmpty)) : $0 }
            members.append(("permissions", permissions.json))
            for (name, input) in zip(["input", "inputAfter"], permissions.inputs) where !input.missingRoles.isEmpty {
                members.append((name, input.json))
            }
            return .json(.object(members))
        }
    }
}
