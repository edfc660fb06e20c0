import YAML

/// Random numbers that are the same in every run with one seed (SplitMix64).
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// True once in so many times.
    mutating func oneIn(_ count: Int) -> Bool { Int.random(in: 0..<count, using: &self) == 0 }

    mutating func pick<Value>(_ values: [Value]) -> Value { values[Int.random(in: 0..<values.count, using: &self)] }
}

/// Writes a value as YAML in the styles that people use: comments, blank lines, quotes, block scalars, brackets, anchors,
/// any indentation. It shares nothing with the reader and the editor.
struct RandomWriter {
    var numbers: SeededNumbers
    private let hasComments: Bool
    private let hasBlankLines: Bool
    private let flowsOneIn: Int
    private let quotesOneIn: Int
    private let hasAnchors: Bool
    private var anchors = 0

    init(_ numbers: SeededNumbers) {
        var numbers = numbers
        hasComments = numbers.oneIn(2)
        hasBlankLines = numbers.oneIn(3)
        flowsOneIn = numbers.pick([4, 10, 1000])
        quotesOneIn = numbers.pick([2, 10, 1000])
        hasAnchors = numbers.oneIn(5)
        self.numbers = numbers
    }

    /// A whole file: perhaps with a byte order mark, document marks, Windows line ends, no line end at its end.
    mutating func file(_ root: YAMLValue) -> [UInt8] {
        guard case .mapping(let members) = root else { return [] }
        var text = mapping(members, column: 0, isFirstPlaced: false)
        if numbers.oneIn(10) { text = "---\n" + text }
        if numbers.oneIn(10) { text = "# of ours\n\n" + text }
        if numbers.oneIn(20) {
            text += "...\n"
        } else if numbers.oneIn(6) {
            text.unicodeScalars.removeLast()
        }
        if numbers.oneIn(4) { text = text.replacingEvery("\n", with: "\r\n") }
        return Array(((numbers.oneIn(10) ? "\u{FEFF}" : "") + text).utf8)
    }

    // Block style

    private mutating func mapping(_ members: [YAMLValue.Member], column: Int, isFirstPlaced: Bool) -> String {
        var text = ""
        for (index, member) in members.enumerated() {
            if index > 0 || !isFirstPlaced { text += gap(column) + spaces(column) }
            text += scalar(.string(member.key), isFlow: false) + ":" + anchor() + rest(member.value, column: column)
        }
        return text
    }

    private mutating func sequence(_ elements: [YAMLValue], column: Int) -> String {
        var text = ""
        for element in elements {
            text += gap(column) + spaces(column) + "-"
            switch element {
            case .mapping(let members) where !members.isEmpty && !numbers.oneIn(flowsOneIn):
                let width = numbers.pick([1, 1, 1, 3])
                text += spaces(width) + mapping(members, column: column + 1 + width, isFirstPlaced: true)
            case .sequence, .mapping: text += " " + flow(element) + lineEnd()
            default: text += anchor() + value(element, column: column)
            }
        }
        return text
    }

    /// What stands behind a key, up to the end of its last line.
    private mutating func rest(_ part: YAMLValue, column: Int) -> String {
        switch part {
        case .mapping(let members) where !members.isEmpty && !numbers.oneIn(flowsOneIn):
            return lineEnd() + mapping(members, column: column + numbers.pick([2, 2, 2, 1, 4]), isFirstPlaced: false)
        case .sequence(let elements) where !elements.isEmpty && !numbers.oneIn(flowsOneIn):
            return lineEnd() + sequence(elements, column: column + numbers.pick([0, 0, 2, 3]))
        case .mapping, .sequence: return " " + lines(part, column: column) + lineEnd()
        default: return value(part, column: column)
        }
    }

    private mutating func value(_ part: YAMLValue, column: Int) -> String {
        guard case .string(let text) = part, !text.isEmpty, numbers.oneIn(25) else {
            return " " + scalar(part, isFlow: false) + lineEnd()
        }
        let indentation = "\n" + spaces(column + numbers.pick([1, 2, 4]))
        if numbers.oneIn(2) { return indentation + scalar(part, isFlow: false) + lineEnd() }
        return numbers.pick([" |-", " >-"]) + indentation + text + "\n"
    }

    // Brackets

    /// In brackets, perhaps over several lines.
    private mutating func lines(_ part: YAMLValue, column: Int) -> String {
        guard numbers.oneIn(4), case .sequence(let elements) = part, !elements.isEmpty else { return flow(part) }
        let indentation = "\n" + spaces(column + 2)
        var text = "["
        for (index, element) in elements.enumerated() {
            let comma = numbers.pick([",", ",", " ,"])
            text += indentation + flow(element) + (index + 1 < elements.count || numbers.oneIn(2) ? comma : "")
        }
        return text + "\n" + spaces(column + 1) + "]"
    }

    private mutating func flow(_ part: YAMLValue) -> String {
        switch part {
        case .sequence(let elements):
            var texts: [String] = []
            for element in elements { texts.append(flow(element)) }
            return "[" + joined(texts) + "]"
        case .mapping(let members):
            var texts: [String] = []
            for member in members {
                texts.append(scalar(.string(member.key), isFlow: true) + ": " + flow(member.value))
            }
            return "{" + joined(texts) + "}"
        default: return scalar(part, isFlow: true)
        }
    }

    /// The parts between two brackets, with spaces as people put them.
    private mutating func joined(_ texts: [String]) -> String {
        let (before, after) = (numbers.pick(["", "", " ", "  "]), numbers.pick(["", "", " ", "  "]))
        guard !texts.isEmpty else { return before }
        let comma = numbers.oneIn(10) ? numbers.pick([",", " ,", ", "]) : ""
        return before + texts.joined(separator: numbers.pick([", ", ",  ", ",", " , "])) + comma + after
    }

    private mutating func scalar(_ part: YAMLValue, isFlow: Bool) -> String {
        guard case .string(let text) = part else {
            if case .literal(let literal) = part { return literal }
            return ""
        }
        if isPlain(text, isFlow: isFlow), !numbers.oneIn(quotesOneIn) { return text }
        if numbers.oneIn(2) { return "'" + text.replacingEvery("'", with: "''") + "'" }
        return "\""
            + text.replacingEvery("\\", with: "\\\\").replacingEvery("\"", with: "\\\"")
            .replacingEvery("w", with: numbers.pick(["w", "\\x77", "\\u0077"])) + "\""
    }

    /// Whether it means the same without quotes, on the safe side.
    private func isPlain(_ text: String, isFlow: Bool) -> Bool {
        guard let first = text.unicodeScalars.first,
            first.properties.isAlphabetic || "/-".unicodeScalars.contains(first)
        else { return false }
        let isUnclear = text.contains(": ") || text.contains(" #") || text.hasSuffix(":") || text.hasSuffix(" ")
        return !isUnclear && text != "-" && (!isFlow || !text.contains { ",[]{}:".contains($0) })
    }

    // Around them

    private mutating func anchor() -> String {
        guard hasAnchors, numbers.oneIn(30) else { return "" }
        anchors += 1
        return " &a\(anchors)"
    }

    private mutating func lineEnd() -> String {
        guard hasComments, numbers.oneIn(8) else { return numbers.oneIn(30) ? "  \n" : "\n" }
        return numbers.pick([" # a: b", "   # - c", " # it's \"q\"", " # {[", " #"]) + "\n"
    }

    private mutating func gap(_ column: Int) -> String {
        var text = ""
        if hasComments, numbers.oneIn(10) {
            text +=
                spaces(numbers.pick([column, column, 0, column + 2])) + numbers.pick(["# note", "# - x", "# k: v"])
                + "\n"
        }
        if hasBlankLines, numbers.oneIn(8) { text += numbers.pick(["\n", "   \n"]) }
        return text
    }

    private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}
