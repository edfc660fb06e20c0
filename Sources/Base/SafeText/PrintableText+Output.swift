extension PrintableText {
    /// Lines for a terminal: like ``whole(_:)``, but line ends, tabs and the colours of a text page are kept.
    ///
    /// This is the last defence of everything that is printed. It cannot know which line ends came from a stranger, so
    /// values are cleaned before they are put into lines.
    public static func lines(_ text: String) -> String {
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
            output.append(isVisible(scalar) || scalar == "\n" || scalar == "\t" ? scalar : "\u{FFFD}")
            rest = rest.dropFirst()
        }
        return String(output)
    }

    /// Bad, good, doubtful, and the reset.
    private static let colours = ["31", "32", "33", "0"].map { "\u{1B}[\($0)m" }

    /// JSON in which unprintable characters are written as `\uXXXX`, so that the meaning stays the same.
    ///
    /// - Parameter json: a whole JSON text in UTF-8; outside of its strings all of it is ASCII.
    public static func escapingJSON(_ json: [UInt8]) -> [UInt8] {
        guard json.contains(where: { $0 >= 127 }) else { return json }
        var output: [UInt8] = []
        output.reserveCapacity(json.count + 64)
        for scalar in String(decoding: json, as: UTF8.self).unicodeScalars {
            if scalar.value < 127 || isVisible(scalar) {
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
