/// Advice about a line that libyaml cannot read. It compares the line's indentation with that of the line above,
/// because the most frequent mistake is a space or two too many or too few.
struct IndentationAdvice {
    /// Number of characters before the field.
    private let own: Int
    /// Number of characters before the field above; the dashes of a list count.
    private let above: Int
    /// Whether the field above comes after the dash of a list.
    private let isItem: Bool
    /// Whether the line above has a colon without a space after it, so that both lines are read as one string.
    private let lacksSpace: Bool
    /// Whether a field in an earlier line has the same indentation, so that it may be right.
    private let isKnown: Bool

    /// - Parameter line: the line that cannot be read, counted from 1. Empty lines and comments above it are skipped.
    init(_ bytes: [UInt8], line: Int) {
        var fields: [Place] = []
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: line, omittingEmptySubsequences: false)
        for text in lines.prefix(line) { Place(text).map { fields.append($0) } }
        let last = lines.count >= line ? Place(lines[line - 1]) : nil
        if last != nil { fields.removeLast() }
        // A list's element, and the first line of a block, may be indented in several ways.
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
    /// Number of characters before the field; the dashes of a list count.
    var column: Int
    /// Whether the field comes after the dash of a list.
    var isItem = false
    /// Whether the line ends with a colon, so that a block follows.
    let isOpen: Bool
    /// Whether there is a colon, but none with a space after it.
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
