public import Jansson
public import RBAC
import SafeText

extension ClusterInput {
    /// What was read, for programs.
    public var json: JSON {
        .object([
            ("objects", .integer(Int64(objects))), ("passedOver", .integer(Int64(passedOver))),
            (
                "unknownKinds",
                .object(
                    unknownKinds.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map {
                        ($0.key, .integer(Int64($0.value)))
                    })
            ),
        ])
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
        return lines
    }
}
