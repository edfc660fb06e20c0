public import Configuration
import Jansson
public import PolicyChecks
public import RBAC
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
    /// What people should know about the inputs.
    public let notes: [String]

    /// - Parameters:
    ///   - principals: asked about under both configurations.
    ///   - cluster: nil to leave permissions out.
    public init(
        from before: LoadedConfiguration, to after: LoadedConfiguration, principals: [SamplePrincipal],
        cluster: Cluster?, now: Timestamp
    ) {
        policy = PolicyDiff(from: before, to: after, principals: principals, now: now)
        permissions = cluster.map {
            PermissionDiff(
                from: EntraNames(before.configuration, now: now), to: EntraNames(after.configuration, now: now),
                cluster: $0)
        }
        let (new, newNotes) = DirectoryNames.ofPeople(after.configuration)
        let (old, oldNotes) = DirectoryNames.ofPeople(before.configuration)
        displayNames = new.merging(old)
        hasSeveralTenants = [before, after].contains { $0.configuration.tenants.count > 1 }
        notes = (cluster?.input.remarks ?? []) + newNotes + oldNotes
    }

    /// Whether the configurations give the same.
    public var isEmpty: Bool { policy.isEmpty }

    /// The differences in one of the command's formats.
    public func formatted(as format: DiffFormat) -> FormattedResult {
        switch format {
        case .text:
            let text = permissions.map { "\n\n" + $0.text(displayNames, namesTenants: hasSeveralTenants) }
            return .text(displayNames.annotate(policy.text) + (text ?? ""))
        case .markdown:
            let text = permissions.map { "\n\n" + $0.markdown(displayNames, namesTenants: hasSeveralTenants) }
            return .text(policy.markdown(annotate: displayNames.annotate) + (text ?? ""))
        case .json:
            guard let permissions, case .object(let members) = policy.json else { return .json(policy.json) }
            let input = permissions.input.missingRoles.isEmpty ? [] : [("input", permissions.input.json)]
            return .json(.object(members + [("permissions", permissions.json)] + input))
        }
    }
}
