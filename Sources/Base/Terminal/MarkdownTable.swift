import SafeText

/// A table in GitHub's Markdown, for pull requests. Cells are escaped, so that they cannot end the table or become
/// markup.
public struct MarkdownTable: Sendable {
    private var lines: [String]

    /// A table with these column titles.
    public init(_ titles: [String]) {
        lines = [MarkdownTable.line(titles), MarkdownTable.line(titles.map { _ in "---" })]
    }

    /// Adds a row of plain text.
    public mutating func add(_ cells: [String]) {
        lines.append(MarkdownTable.line(cells.map { MarkdownTable.escaped($0) }))
    }

    /// The table's lines, without a line feed at the end.
    public var text: String { lines.joined(separator: "\n") }

    private static func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    /// Escapes a string for Markdown and HTML, on one line.
    public static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in PrintableText.clean(text, maximum: 2000) {
            switch character {
            case "\\", "`", "*", "_", "{", "}", "[", "]", "(", ")", "#", "+", "!", "|", "~", "$":
                escaped += "\\\(character)"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "&": escaped += "&amp;"
            // A user name must not become a mention.
            case "@": escaped += "&#64;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
