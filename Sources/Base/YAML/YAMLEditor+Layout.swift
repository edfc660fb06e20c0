extension YAMLEditor {
    /// Only a dash and spaces: the item begins on this line.
    static func isDash(_ prefix: ArraySlice<Unicode.Scalar>) -> Bool {
        let rest = prefix.drop { $0 == " " }
        return rest.first == "-" && rest.count > 1 && rest.dropFirst().allSatisfy { $0 == " " }
    }

    // Block style

    func blockInsertion(
        _ item: YAMLValue, at index: Int, among elements: [YAMLNode]
    ) throws(YAMLEditError) -> TextEdit {
        guard let pattern = index < elements.count ? elements[index] : elements.last else { throw .notThere }
        let prefix = linePrefix(pattern)
        guard YAMLEditor.isDash(prefix) else { throw .unusualLayout(line: pattern.line) }
        let first = String(String.UnicodeScalarView(prefix))
        let rest = String(repeating: " ", count: prefix.count)
        let lines = item.blockLines.enumerated().map { ($0.offset == 0 ? first : rest) + $0.element }
        if index < elements.count {
            return insertion(of: lines, above: lineStart(pattern.layout.start), indentation: prefix.count)
        }
        return insertion(of: lines, after: pattern.contentEnd)
    }

    func blockInsertion(
        _ key: String, _ item: YAMLValue, at index: Int, among members: [YAMLNode.Member]
    ) throws(YAMLEditError) -> TextEdit {
        guard let pattern = index < members.count ? members[index] : members.last else { throw .notThere }
        let column = pattern.key.layout.start - lineStart(pattern.key.layout.start)
        let indentation = String(repeating: " ", count: column)
        let lines = YAMLValue.blockLines(key, item).map { indentation + $0 }
        guard index < members.count else {
            return insertion(of: lines, after: max(pattern.key.layout.end, pattern.value.contentEnd))
        }
        guard linePrefix(pattern.key).allSatisfy({ $0 == " " }) else { throw .unusualLayout(line: pattern.key.line) }
        return insertion(of: lines, above: lineStart(pattern.key.layout.start), indentation: column)
    }

    func blockRemoval(
        from first: YAMLNode, to last: YAMLNode, prefix: (ArraySlice<Unicode.Scalar>) -> Bool
    ) throws(YAMLEditError) -> TextEdit {
        guard prefix(linePrefix(first)) else { throw .unusualLayout(line: first.line) }
        let start = lineStart(first.layout.start)
        let end = nextLine(after: max(first.layout.start, last.contentEnd))
        guard end == scalars.count, start > 0, scalars.last != "\n" else {
            return TextEdit(range: start..<end, text: "")
        }
        // The file's last line had no line ending, and its new last line has none either.
        return TextEdit(range: (start - newline(at: start - 1).unicodeScalars.count)..<end, text: "")
    }

    /// An empty value takes the place after its key.
    func replacement(
        of member: YAMLNode.Member, by item: YAMLValue, in mapping: YAMLNode
    ) throws(YAMLEditError) -> TextEdit {
        guard member.value.isEmpty, let key = member.key.text else { throw .notThere }
        guard !member.value.layout.isShared else { throw .shared(line: member.value.line) }
        if mapping.layout.isFlow || member.value.layout.isFlow && member.value.line != member.key.line {
            return TextEdit(range: member.value.layout.start..<member.value.layout.end, text: item.flow)
        }
        let start = member.key.layout.start
        let column = start - lineStart(start)
        let lines = YAMLValue.blockLines(key, item)
        let ending = newline(at: start)
        let text = lines.joined(separator: ending + String(repeating: " ", count: column))
        return TextEdit(range: wholeRange(member), text: text)
    }

    /// From the first character of a key to the last one of its value, or to the colon.
    func wholeRange(_ member: YAMLNode.Member) -> Range<Int> {
        let end = max(member.key.layout.end, member.value.contentEnd, colonEnd(member))
        return member.key.layout.start..<end
    }

    /// A list in block style becomes an empty one.
    func emptying(_ member: YAMLNode.Member) throws(YAMLEditError) -> TextEdit {
        guard member.value.sequence != nil, !member.value.layout.isFlow else { throw .notThere }
        return TextEdit(range: colonEnd(member)..<max(colonEnd(member), member.value.contentEnd), text: " []")
    }

    /// The position after a key's colon.
    private func colonEnd(_ member: YAMLNode.Member) -> Int {
        let colon = scalars[member.key.layout.end...].firstIndex { $0 == ":" }
        return colon.map { $0 + 1 } ?? member.key.layout.end
    }

    // Flow style

    func flowInsertion(_ text: String, at index: Int, among parts: [Range<Int>], in whole: YAMLNode) -> TextEdit {
        guard let last = parts.last else {
            return TextEdit(range: (whole.layout.start + 1)..<(whole.layout.start + 1), text: text)
        }
        let neighbour = index < parts.count ? parts[index] : last
        let prefix = scalars[lineStart(neighbour.lowerBound)..<neighbour.lowerBound]
        // Each part on its own line, as JSON is printed for people.
        let isAlone =
            prefix.allSatisfy { $0 == " " || $0 == "\t" } && whole.layout.start < lineStart(neighbour.lowerBound)
        let gap =
            isAlone ? newline(at: neighbour.lowerBound) + String(String.UnicodeScalarView(prefix)) : " "
        guard index < parts.count else {
            return TextEdit(range: last.upperBound..<last.upperBound, text: "," + gap + text)
        }
        return TextEdit(range: neighbour.lowerBound..<neighbour.lowerBound, text: text + "," + gap)
    }

    func flowRemoval(at index: Int, among parts: [Range<Int>]) -> TextEdit {
        if index + 1 < parts.count {
            return TextEdit(range: parts[index].lowerBound..<parts[index + 1].lowerBound, text: "")
        }
        if index > 0 { return TextEdit(range: parts[index - 1].upperBound..<parts[index].upperBound, text: "") }
        // A comma may stand after the last part.
        let end = parts[index].upperBound
        let next = scalars[end...].firstIndex { !$0.properties.isWhitespace }
        let isComma = next.map { scalars[$0] == "," } ?? false
        return TextEdit(range: parts[index].lowerBound..<(isComma ? (next ?? end) + 1 : end), text: "")
    }

    // Lines

    private func lineStart(_ offset: Int) -> Int {
        scalars[..<offset].lastIndex { $0 == "\n" }.map { $0 + 1 } ?? 0
    }

    private func linePrefix(_ node: YAMLNode) -> ArraySlice<Unicode.Scalar> {
        scalars[lineStart(node.layout.start)..<node.layout.start]
    }

    /// The start of the next line; the position itself if it is the start of a line.
    private func nextLine(after offset: Int) -> Int {
        if offset > 0, offset <= scalars.count, scalars[offset - 1] == "\n" { return offset }
        return scalars[min(offset, scalars.count)...].firstIndex { $0 == "\n" }.map { $0 + 1 } ?? scalars.count
    }

    /// The line ending at a position, or the one before it.
    private func newline(at offset: Int) -> String {
        let end = scalars[offset...].firstIndex { $0 == "\n" } ?? scalars[..<offset].lastIndex { $0 == "\n" }
        guard let end, end > 0, scalars[end - 1] == "\r" else { return "\n" }
        return "\r\n"
    }

    /// Inserts lines above a line, and above the comments directly over it, which belong to it.
    private func insertion(of lines: [String], above line: Int, indentation: Int) -> TextEdit {
        var place = line
        while place > 0 {
            let previous = lineStart(place - 1)
            let text = scalars[previous..<place]
            guard text.drop(while: { $0 == " " }).first == "#",
                text.prefix(while: { $0 == " " }).count > 0 || indentation == 0
            else { break }
            place = previous
        }
        let ending = newline(at: line)
        return TextEdit(range: place..<place, text: lines.map { $0 + ending }.joined())
    }

    private func insertion(of lines: [String], after end: Int) -> TextEdit {
        let place = nextLine(after: end)
        let ending = newline(at: max(0, end - 1))
        let text = lines.map { $0 + ending }.joined()
        let isComplete = place == 0 || scalars[place - 1] == "\n"
        // The file's last line had no line ending, and its new last line has none either.
        return TextEdit(range: place..<place, text: isComplete ? text : ending + text.droppingSuffix(ending))
    }
}

extension String {
    fileprivate func droppingSuffix(_ suffix: String) -> String {
        var scalars = unicodeScalars
        scalars.removeLast(suffix.unicodeScalars.count)
        return String(scalars)
    }
}
