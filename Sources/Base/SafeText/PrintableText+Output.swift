extension PrintableText {
    /// A page for a terminal or a log: each element is one line. A line end within it came from a stranger, and is
    /// replaced like every other character that is not visible.
    public static func page(_ lines: [some StringProtocol]) -> String {
        lines.map { line(String($0)) }.joined(separator: "\n")
    }

    /// One line for a terminal or a log.
    public static func line(_ text: String) -> String { withoutWorkflowCommand(whole(text)) }

    /// Lines for a terminal: like ``whole(_:)``, but line ends, also those of Windows, tabs and the colours of a text
    /// page are kept.
    ///
    /// This is the last defence of everything that is printed. It cannot know which line ends came from a stranger, so
    /// values are cleaned before they are put into lines (``page(_:)``).
    public static func lines(_ text: String) -> String {
        // A line feed behind a carriage return is no character of its own, but a scalar.
        visibleLines(text).unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
            .map { withoutWorkflowCommand(String($0)) }.joined(separator: "\n")
    }

    /// A line that no CI system takes for a command to itself: GitHub Actions reads `::error::` at a line's beginning,
    /// also after white space, and `##[error]` anywhere in it; Azure Pipelines reads `##vso[task.setvariable]`
    /// anywhere.
    ///
    /// Source: `src/Runner.Common/ActionCommand.cs` of actions/runner; "Logging commands" of Azure Pipelines.
    private static func withoutWorkflowCommand(_ line: String) -> String {
        var scalars = Array(line.unicodeScalars)
        let isCandidate = line.utf8.contains(UInt8(ascii: "#")) || line.utf8.contains(UInt8(ascii: ":"))
        guard isCandidate else { return line }
        if let start = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            scalars[start...].starts(with: "::".unicodeScalars),
            scalars.dropFirst(start + 2).first?.properties.isAlphabetic ?? false
        {
            scalars[start] = "\u{FFFD}"
        }
        for place in scalars.indices.dropLast() where scalars[place] == "#" && scalars[place + 1] == "#" {
            let next = scalars[(place + 2)...].first { !$0.properties.isAlphabetic }
            if next == "[" { scalars[place] = "\u{FFFD}" }
        }
        return String(String.UnicodeScalarView(scalars))
    }

    private static func visibleLines(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { (32..<127).contains($0) || $0 == 10 }
        if isPlain { return text }
        var output = String.UnicodeScalarView()
        var rest = text.unicodeScalars[...]
        while let scalar = rest.first {
            if scalar == "\u{1B}", let colour = colours.first(where: { rest.starts(with: $0.unicodeScalars) }) {
                output.append(contentsOf: colour.unicodeScalars)
                rest = rest.dropFirst(colour.unicodeScalars.count)
                continue
            }
            rest = rest.dropFirst()
            // A carriage return at the end of a line overwrites nothing.
            let isKept = scalar == "\n" || scalar == "\t" || (scalar == "\r" && rest.first == "\n")
            output.append(isKept || isVisible(scalar) ? scalar : "\u{FFFD}")
        }
        return String(output)
    }

    /// Bad, good, doubtful, and the reset.
    private static let colours = ["31", "32", "33", "0"].map { "\u{1B}[\($0)m" }

    /// JSON in which unprintable characters, and what a CI system could take for a command, are written as `\uXXXX`, so
    /// that the meaning stays the same.
    ///
    /// - Parameter json: a whole JSON text in UTF-8; outside of its strings all of it is ASCII.
    public static func escapingJSON(_ json: [UInt8]) -> [UInt8] {
        guard json.contains(where: { $0 >= 127 || $0 == UInt8(ascii: "#") }) else { return json }
        var output: [UInt8] = []
        output.reserveCapacity(json.count + 64)
        for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
            if scalar == "#", output.last == UInt8(ascii: "#") {
                output.append(contentsOf: escaped(scalar).utf8)
            } else if scalar.value < 127 || isVisible(scalar) {
                output.append(contentsOf: String(scalar).utf8)
            } else {
                output.append(contentsOf: escaped(scalar).utf8)
            }
        }
        return output
    }

    /// A character as JSON escapes it: `\u202e`, or two surrogates beyond U+FFFF.
    public static func escaped(_ scalar: Unicode.Scalar) -> String {
        String(scalar).utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
        }.joined()
    }
}
