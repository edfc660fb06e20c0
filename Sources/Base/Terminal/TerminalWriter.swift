import SafeText

/// Formats lines for a terminal's width, or for 80 columns. Colour, rules and arrows are used only on a terminal.
public struct TerminalWriter {
    /// The colour of a text.
    public enum Style: String {
        case good = "32"
        case bad = "31"
        case doubtful = "33"
    }

    /// Columns of a line if there is no terminal.
    public static let width = 80
    /// Columns of a line.
    let width: Int
    let color: Bool
    /// Whether rules and arrows may be drawn. Otherwise, everything this type adds is ASCII.
    let isTerminal: Bool

    /// - Parameter width: columns of a line; nil for ``width``.
    public init(color: Bool, isTerminal: Bool? = nil, width: Int? = nil) {
        // Below 40 columns every word would have its own line; above 200, lines are hard to follow.
        self.width = min(max(width ?? TerminalWriter.width, 40), 200)
        self.color = color
        self.isTerminal = isTerminal ?? color
    }

    /// The arrow before a hint, in the characters that the terminal can show.
    public var arrow: String { isTerminal ? "→ " : "-> " }

    /// The line above a section; empty if nothing is drawn.
    public func rule(_ title: String) -> String {
        guard isTerminal else { return "" }
        return "── \(PrintableText.whole(title)) " + String(repeating: "─", count: max(0, width - 4 - title.count))
    }

    /// A paragraph. Tokens, and what is not visible, are removed before the text is wrapped: the colours and line ends
    /// of a page are its own.
    public func wrapped(_ text: String, indent: Int = 0, hanging: Int = 0, style: Style? = nil) -> [String] {
        var lines: [String] = []
        var line = ""
        var used = 0
        func room() -> Int { width - indent - (lines.isEmpty ? 0 : hanging) }
        func end() {
            lines.append(String(repeating: " ", count: indent + (lines.isEmpty ? 0 : hanging)) + styled(line, style))
            (line, used) = ("", 0)
        }
        for word in plain(PrintableText.whole(TokenMask.hide(text))).split(
            separator: " ", omittingEmptySubsequences: false)
        {
            var rest = word
            var columns = PrintableText.columns(rest)
            if used > 0, used + 1 + columns > room() {
                // A word that is longer than a line starts on this one, unless only little of it would fit.
                if columns <= room() || room() - used < 24 { end() }
            }
            if used > 0 {
                line += " "
                used += 1
            }
            while used + columns > room() {
                let part = TerminalWriter.head(of: rest, columns: room() - used)
                line += part
                end()
                rest = rest[part.endIndex...]
                columns = PrintableText.columns(rest)
            }
            line += rest
            used += columns
        }
        if used > 0 || lines.isEmpty { end() }
        return lines
    }

    /// The beginning of a word that is longer than a line, cut after a slash if there is one.
    private static func head(of word: Substring, columns room: Int) -> Substring {
        var end = word.startIndex
        var afterSlash: String.Index?
        var used = 0
        while end < word.endIndex {
            used += PrintableText.columns(word[end])
            guard used <= room || end == word.startIndex else { break }
            let isSlash = word[end] == "/"
            end = word.index(after: end)
            if isSlash, used * 3 > room { afterSlash = end }
        }
        return word[..<(end == word.endIndex ? end : afterSlash ?? end)]
    }

    /// A line with a name and its value, folded to the width.
    public func pair(_ name: String, _ value: String) -> [String] {
        columns(padded(name, 12), value, indent: 12)
    }

    /// A mark, a name and a text about it.
    public func item(_ mark: String, _ style: Style, _ name: String, _ detail: String) -> [String] {
        columns(styled(mark, style) + "  " + padded(name, 18), detail, indent: 24)
    }

    /// A hint below something else.
    public func advice(_ text: String, indent: Int) -> [String] {
        wrapped(arrow + text, indent: indent, hanging: arrow.count)
    }

    private func columns(_ head: String, _ text: String, indent: Int) -> [String] {
        let lines = wrapped(text, indent: indent)
        guard let first = lines.first else { return [head] }
        return [head + String(first.dropFirst(indent))] + lines.dropFirst()
    }

    private func padded(_ name: String, _ width: Int) -> String {
        let text = PrintableText.whole(name)
        return text + String(repeating: " ", count: max(0, width - text.count))
    }

    /// Replaces arrows and ellipses by ASCII if the output is not a terminal but a file or a pipe.
    private func plain(_ text: String) -> String {
        guard !isTerminal, !text.utf8.allSatisfy({ $0 < 128 }) else { return text }
        var plain = ""
        for character in text {
            switch character {
            case "→": plain += "->"
            case "…": plain += "..."
            default: plain.append(character)
            }
        }
        return plain
    }

    private func styled(_ text: String, _ style: Style?) -> String {
        guard color, let style, !text.isEmpty else { return text }
        return "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m"
    }
}
