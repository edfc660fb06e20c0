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
        // Compares scalars, not characters: a bar with a combining accent is one character in Swift and does not equal
        // a bar, but Markdown sees the bar.
        let scalars = Array(PrintableText.clean(text, maximum: 2000).unicodeScalars)
        for (place, scalar) in scalars.enumerated() {
            switch scalar {
            case "\\", "`", "*", "_", "{", "}", "[", "]", "(", ")", "#", "+", "!", "|", "~", "$":
                escaped += "\\\(scalar)"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "&": escaped += "&amp;"
            // A user name must not become a mention.
            case "@": escaped += "&#64;"
            // GitHub turns bare addresses into links.
            case ":" where scalars[place...].starts(with: "://".unicodeScalars): escaped += "&#58;"
            case _ where isWorldWideWeb(scalars[place...]): escaped += "&#\(scalar.value);"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// Whether this begins with `www.`, in upper or lower case.
    private static func isWorldWideWeb(_ scalars: ArraySlice<Unicode.Scalar>) -> Bool {
        scalars.count > 3 && scalars.prefix(3).allSatisfy { $0 == "w" || $0 == "W" }
            && scalars[scalars.startIndex + 3] == "."
    }
}
