public import Configuration
import Entra
public import Jansson
public import RBAC
import SafeText
public import Timestamps

/// The effective mapping: each group, app role and emergency entry, and what it grants.
public struct GrantList: Sendable {
    struct Row: Sendable {
        var grant: EntraGrant
        var displayName: String?
        /// Whether the cluster has a binding for it; nil without a cluster.
        var isBound: Bool?
    }

    let rows: [Row]
    let names: EntraNames
    let displayNames: DirectoryNames
    /// What people should know about the inputs.
    public private(set) var notes: [String] = []

    /// Reads the configuration, and a cluster unless there are no paths.
    ///
    /// - Throws: ``UsageProblem``, `ConfigurationError` or `ClusterError`.
    public init(config: String, cluster paths: [String], now: Timestamp) throws {
        let configuration = try ConfigurationLoader.load(path: config).configuration
        let cluster = paths.isEmpty ? nil : try ClusterInputs.readCluster(paths)
        let (displayNames, problem) = DirectoryNames.ofPeople(configuration)
        self.init(EntraNames(configuration, now: now), displayNames: displayNames, cluster: cluster)
        notes = (cluster?.input.remarks ?? []) + problem
    }

    /// - Parameter cluster: nil if bindings do not matter.
    public init(_ names: EntraNames, displayNames: DirectoryNames, cluster: Cluster?) {
        self.names = names
        self.displayNames = displayNames
        let index = cluster.map { SubjectIndex($0) }
        rows = names.grants.map { grant in
            var groups = grant.kubernetesGroups
            if grant.holder.kind == .group, let id = grant.holder.objectID {
                groups += names.groupName(ofObjectID: id).map { [ExactText($0)] } ?? []
            }
            return Row(
                grant: grant, displayName: displayNames.displayName(of: grant.holder.objectID),
                isBound: index.map { index in
                    groups.contains { $0 == ExactText(EntraNames.masters) || index.isBound(group: $0.text) }
                })
        }
    }

    /// The mapping for programs.
    public var json: JSON {
        .object([
            (
                "grants",
                .array(
                    rows.map { row in
                        let holder = row.grant.holder
                        return .object([
                            ("kind", .string(holder.kind.rawValue)), ("tenantID", JSON(holder.tenantID?.description)),
                            holder.kind == .appRole
                                ? ("appRole", JSON(holder.appRole)) : ("objectID", JSON(holder.objectID?.description)),
                            ("displayName", JSON(row.displayName)),
                            ("kubernetesGroups", JSON(row.grant.kubernetesGroups.map(\.text))),
                            ("admin", .bool(row.grant.isAdmin)),
                            ("until", JSON(holder.until?.rfc3339)), ("bound", row.isBound.map { .bool($0) } ?? .null),
                        ])
                    })
            )
        ])
    }

    /// A table for people.
    public var text: String {
        var table = [["what", "gives", "admin"] + (hasCluster ? ["bound"] : [])]
        for row in rows {
            let given = row.grant.kubernetesGroups.map(\.text)
            let groups = given.isEmpty ? "-" : given.joined(separator: ", ")
            var cells = [
                row.grant.holder.label(displayNames, namesTenant: names.hasSeveralTenants),
                PrintableText.clean(groups, maximum: 400), row.grant.isAdmin ? "yes" : "no",
            ]
            if let isBound = row.isBound { cells.append(isBound ? "yes" : "no") }
            table.append(cells)
        }
        guard table.count > 1 else { return "this configuration gives nobody a Kubernetes group" }
        let widths = table[0].indices.map { column in table.map { PrintableText.columns($0[column]) }.max() ?? 0 }
        var lines = table.map { cells in
            var line = ""
            for (column, cell) in cells.enumerated() {
                let isLast = column == cells.count - 1
                line +=
                    cell
                    + (isLast ? "" : String(repeating: " ", count: widths[column] - PrintableText.columns(cell) + 2))
            }
            return line
        }
        if names.endedEmergencies > 0 {
            let number = names.endedEmergencies
            lines.append(
                "\(number) emergency \(number == 1 ? "entry has" : "entries have") ended and give\(number == 1 ? "s" : "") nothing"
            )
        }
        return PrintableText.page(lines)
    }

    private var hasCluster: Bool { rows.contains { $0.isBound != nil } }
}

extension EntraHolder {
    /// For a table: `group 9999… (Developers)`.
    func label(_ names: DirectoryNames, namesTenant: Bool) -> String {
        let tenant = namesTenant ? tenantID.map { " of tenant \($0)" } ?? "" : ""
        let object = (objectID?.description ?? "") + PrintableText.clean(names.remark(objectID))
        switch kind {
        case .group: return "group \(object)\(tenant)"
        case .appRole: return "app role \(PrintableText.clean(appRole ?? ""))\(tenant)"
        case .emergencyAccess: return "emergency \(object)\(tenant)" + (until.map { " until \($0.rfc3339)" } ?? "")
        case .user: return "user \(PrintableText.clean(username ?? ""))"
        case .everybody: return "everybody"
        }
    }
}
