/// A line that libyaml cannot read, beside the line above it: people most often misplace a field by a space or two.
struct IndentationAdvice {
    /// Number of spaces before the field.
    private let own: Int
    /// Number of spaces before the field above, after the dashes of a list.
    private let above: Int
    /// Whether dashes stand before the field above.
    private let isItem: Bool
    /// Whether the field above has a colon without a space, so that both lines are read as one string.
    private let lacksSpace: Bool
    /// Whether an earlier line has a field at ``own`` too, so that it may be right.
    private let isKnown: Bool

    /// - Parameter line: the line that cannot be read, counted from 1. Empty lines and comments above it are skipped.
    init(_ bytes: [UInt8], line: Int) {
        var fields: [Place] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: line, omittingEmptySubsequences: false)
        for text in lines.prefix(line) { Place(text).map { fields.append($0) } }
        let last = lines.count >= line ? Place(lines[line - 1]) : nil
        if last != nil { fields.removeLast() }
        // A list's element or a block that begins here may be indented in several ways.
        guard let last, !last.isItem, let before = fields.last, !before.isOpen else {
            (own, above, isItem, lacksSpace, isKnown) = (0, 0, false, false, true)
            return
        }
        own = last.column
        above = before.column
        isItem = before.isItem
        lacksSpace = before.lacksSpace
        isKnown = fields.contains { $0.column == last.column }
    }

    /// What to do about a message of libyaml; nil if the indentation is not likely to be the mistake.
    func hint(for message: String) -> String? {
        let isMappingValue = message == "mapping values are not allowed in this context"
        if isMappingValue, lacksSpace { return "write a space after the colon in the line above" }
        let isLikely =
            switch message {
            case _ where isMappingValue: own > above
            case "did not find expected key": own > above || own < above && !isKnown
            case "did not find expected '-' indicator": own < above
            default: false
            }
        guard isLikely else { return nil }
        return "indent it with \(above) space\(above == 1 ? "" : "s"), like the "
            + (isItem ? "text after the - in the line above" : "line above")
    }
}

/// Where the field of a line begins.
private struct Place {
    var column: Int
    var isItem = false
    /// Whether a block follows the line.
    let isOpen: Bool
    /// Whether there is a colon, but none that ends a field's name.
    let lacksSpace: Bool

    /// Nil for an empty line or a comment.
    init?(_ line: ArraySlice<UInt8>) {
        let text = line.last == UInt8(ascii: "\r") ? line.dropLast() : line
        var rest = text.drop { $0 == UInt8(ascii: " ") }
        guard let first = rest.first, first != UInt8(ascii: "#") else { return nil }
        column = rest.startIndex - text.startIndex
        while rest.starts(with: "- ".utf8) {
            isItem = true
            rest = rest.dropFirst(2).drop { $0 == UInt8(ascii: " ") }
            column = rest.startIndex - text.startIndex
        }
        isOpen = text.last == UInt8(ascii: ":")
        lacksSpace = !isOpen && rest.contains(UInt8(ascii: ":")) && !rest.contains(": ".utf8)
    }
}
