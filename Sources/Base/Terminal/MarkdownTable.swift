internal import SafeText

/// A table in GitHub's Markdown, for pull requests. No cell can end the table or mean anything but its text.
public struct MarkdownTable: Sendable {
    private var lines: [String]

    public init(_ titles: [String]) {
        lines = [MarkdownTable.line(titles), MarkdownTable.line(titles.map { _ in "---" })]
    }

    /// Adds a row; what its cells hold is text.
    public mutating func add(_ cells: [String]) {
        lines.append(MarkdownTable.line(cells.map { MarkdownTable.escaped($0) }))
    }

    public var text: String { lines.joined(separator: "\n") }

    private static func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    /// A text that means nothing to Markdown and HTML and fits one line.
    public static func escaped(_ text: String) -> String {
        var escaped = ""
        for character in PrintableText.clean(text, maximum: 2000) {
            switch character {
            case "\\", "`", "*", "_", "{", "}", "[", "]", "(", ")", "#", "+", "!", "|", "~", "$":
                escaped += "\\\(character)"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "&": escaped += "&amp;"
            // A name is no mention of somebody.
            case "@": escaped += "&#64;"
            default: escaped.append(character)
            }
        }
        return escaped
    }
}
