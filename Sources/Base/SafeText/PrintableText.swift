/// Makes values from strangers safe for a terminal.
public enum PrintableText {
    /// Usual limit of ``clean(_:maximum:)`` in characters, without the ellipsis at the end of a shortened string.
    public static let maximumLength = 120

    /// Replaces characters that control a terminal or hide something by U+FFFD, and shortens long strings.
    public static func clean(_ text: String, maximum: Int = maximumLength) -> String {
        var scalars = text.unicodeScalars
        if isPlain(text), text.utf8.count <= maximum { return text }
        let isLong = scalars.dropFirst(maximum).first != nil
        scalars = String.UnicodeScalarView(scalars.prefix(maximum).map { isVisible($0) ? $0 : "\u{FFFD}" })
        return String(scalars) + (isLong ? "…" : "")
    }

    /// Like ``clean(_:maximum:)``, but not shortened.
    public static func whole(_ text: String) -> String {
        if isPlain(text) { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isVisible($0) ? $0 : "\u{FFFD}" }))
    }

    /// Like ``clean(_:maximum:)``, in quotation marks.
    public static func quoted(_ text: String) -> String { "\"\(clean(text))\"" }

    /// Whether nothing in a string would be replaced; false for an empty string.
    public static func isVisible(_ text: String) -> Bool {
        !text.isEmpty && (isPlain(text) || text.unicodeScalars.allSatisfy(isVisible))
    }

    /// Whether a character may be shown. False for control characters, characters that change the direction of text,
    /// and characters without a width, which can make two names look alike.
    ///
    /// Source: Unicode, general category and Default_Ignorable_Code_Point.
    public static func isVisible(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < 127 { return scalar.value >= 32 }
        let properties = scalar.properties
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator: return false
        // U+2800 is a Braille pattern without dots.
        default: return !properties.isDefaultIgnorableCodePoint && scalar.value != 0x2800
        }
    }

    /// The first character of a name that is invisible or looks like a space.
    public static func firstInvisible(in name: String) -> Unicode.Scalar? {
        if isPlain(name) { return nil }
        return name.unicodeScalars.first { scalar in
            !isVisible(scalar) || scalar != " " && scalar.properties.generalCategory == .spaceSeparator
        }
    }

    /// The code point, such as `U+200B`.
    public static func codePoint(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (32..<127).contains($0) }
    }

    /// Width in terminal columns; East Asian characters and pictures are two columns wide.
    public static func columns(_ text: some StringProtocol) -> Int {
        if text.utf8.allSatisfy({ $0 < 128 }) { return text.utf8.count }
        return text.reduce(0) { $0 + columns($1) }
    }

    /// Width of a character in terminal columns.
    public static func columns(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first?.value else { return 0 }
        switch first {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1FAFF, 0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }
}
