/// Values that a stranger wrote, made safe for a terminal.
public enum PrintableText {
    public static let maximumLength = 120

    /// Without characters that control a terminal or hide something, and not endless.
    public static func clean(_ text: String, maximum: Int = maximumLength) -> String {
        var scalars = text.unicodeScalars
        if isPlain(text), text.utf8.count <= maximum { return text }
        let isLong = scalars.dropFirst(maximum).first != nil
        scalars = String.UnicodeScalarView(scalars.prefix(maximum).map { isHarmful($0) ? "\u{FFFD}" : $0 })
        return String(scalars) + (isLong ? "…" : "")
    }

    /// Like ``clean(_:maximum:)``, but of any length.
    public static func whole(_ text: String) -> String {
        if isPlain(text) { return text }
        return String(String.UnicodeScalarView(text.unicodeScalars.map { isHarmful($0) ? "\u{FFFD}" : $0 }))
    }

    /// Like ``clean(_:maximum:)``, in quotation marks.
    public static func quoted(_ text: String) -> String { "\"\(clean(text))\"" }

    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { (32..<127).contains($0) }
    }

    /// Control characters, and those that turn the direction of text around or have no width.
    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case ..<32, 127...159, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF, 0xFFF9...0xFFFB,
            0xE0000...0xE007F:
            true
        default: false
        }
    }

    /// How many columns of a terminal a text takes: East Asian characters and pictures take two.
    public static func columns(_ text: some StringProtocol) -> Int {
        if text.utf8.allSatisfy({ $0 < 128 }) { return text.utf8.count }
        return text.reduce(0) { $0 + columns($1) }
    }

    /// How many columns of a terminal a character takes.
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
