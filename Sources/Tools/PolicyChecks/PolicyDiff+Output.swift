import Configuration
public import Jansson
import SafeText
import Terminal

extension PolicyDiff {
    /// The differences for people.
    public var text: String { PrintableText.page(lines) }

    /// The lines of ``text``.
    public var lines: [String] {
        guard !isEmpty else { return ["no difference"] }
        var lines = changes.map(\.text)
        switch direction {
        case .loosens: lines.append("this only gives: nobody loses anything")
        case .tightens: lines.append("this only takes away: nobody gains anything")
        case .none, .mixed: break
        }
        if !principals.isEmpty {
            if !lines.isEmpty { lines.append("") }
            lines.append("principals that change:")
            lines.append(contentsOf: principals.map { "  " + $0.text })
        }
        return lines
    }

    /// The differences for a pull request.
    ///
    /// - Parameter annotate: adds display names after object IDs.
    public func markdown(annotate: (String) -> String) -> String {
        guard !isEmpty else { return "### kube-entra policy diff\n\nNo difference." }
        var parts = ["### kube-entra policy diff"]
        switch direction {
        case .loosens: parts.append("This only gives: nobody loses anything.")
        case .tightens: parts.append("This only takes away: nobody gains anything.")
        case .none, .mixed: break
        }
        if !changes.isEmpty {
            var table = MarkdownTable(["", "what changes", "field"])
            for change in changes {
                let mark =
                    switch change.effect {
                    case .gains: "➕"
                    case .loses: "➖"
                    case .changes: "✏"
                    }
                table.add([mark, annotate(change.message), change.field])
            }
            parts.append(table.text)
        }
        if !principals.isEmpty {
            var table = MarkdownTable(["principals that change"])
            for principal in principals { table.add([annotate(principal.text)]) }
            parts.append(table.text)
        }
        return parts.joined(separator: "\n\n")
    }

    /// The differences for programs.
    public var json: JSON {
        .object([
            ("different", .bool(!isEmpty)),
            ("direction", .string(direction.rawValue)),
            ("changes", .array(changes.map(\.json))),
            (
                "principals",
                .array(
                    principals.map { principal in
                        .object([
                            ("name", .string(principal.name)), ("message", .string(principal.text)),
                            ("before", principal.before.json), ("after", principal.after.json),
                        ])
                    })
            ),
        ])
    }
}
