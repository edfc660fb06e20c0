public import Jansson
public import RBAC
import SafeText

extension ClusterInput {
    /// Largest number of missing roles that a remark names; the others are only counted.
    private static let maximumNamedRoles = 8

    /// What was read, for programs. `missingRoles` is there only if there are any.
    public var json: JSON {
        var members: [(String, JSON)] = [
            ("objects", .integer(Int64(objects))), ("passedOver", .integer(Int64(passedOver))),
            (
                "unknownKinds",
                .object(
                    unknownKinds.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
                        ($0.key, .integer(Int64($0.value)))
                    })
            ),
        ]
        if !missingRoles.isEmpty { members.append(("missingRoles", .array(missingRoles.map { JSON($0) }))) }
        return .object(members)
    }

    /// The bindings whose roles were not read, for people; nil if there are none.
    var missingRolesRemark: String? {
        guard !missingRoles.isEmpty else { return nil }
        let named = missingRoles.prefix(ClusterInput.maximumNamedRoles).map { PrintableText.clean($0.description) }
        let more = missingRoles.count - named.count
        return (bindingsWithoutRole == 1 ? "1 binding names a role" : "\(bindingsWithoutRole) bindings name roles")
            + " not in the input: \(named.joined(separator: ", "))" + (more > 0 ? " and \(more) more" : "")
            + (bindingsWithoutRole == 1 ? "; what it gives" : "; what they give")
            + " is unknown (kubectl get clusterroles,roles -A -o json has all roles)"
    }

    /// Remarks about the input for people, one line each.
    public var remarks: [String] {
        var lines = notices
        if objects == 0 { lines.append("the input holds no roles and no bindings") }
        if passedOver > 0 {
            lines.append("passed over \(passedOver) object\(passedOver == 1 ? "" : "s") of other kinds")
        }
        if !unknownKinds.isEmpty {
            let kinds = unknownKinds.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
                "\(PrintableText.clean($0.key)) (\($0.value))"
            }
            lines.append("unknown kinds: \(kinds.joined(separator: ", "))")
        }
        if let missingRolesRemark { lines.append(missingRolesRemark) }
        return lines
    }
}
