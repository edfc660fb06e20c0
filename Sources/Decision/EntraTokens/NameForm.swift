/// Which strings may become a user name that people recognize by sight.
enum NameForm {
    /// Rejects control and direction characters anywhere, and invisible characters at either end.
    static func isUsable(_ name: String) -> Bool {
        var name = name
        // Most names consist of visible ASCII characters only.
        if name.withUTF8({ !$0.isEmpty && $0.allSatisfy { (0x21..<0x7F).contains($0) } }) { return true }
        let scalars = name.unicodeScalars
        guard let first = scalars.first, let last = scalars.last else { return false }
        return scalars.allSatisfy(isPrintable) && !isBlank(first) && !isBlank(last)
    }

    /// False for control characters, line ends and marks that change the direction of writing.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x061C, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: false
        default: true
        }
    }

    /// Whether a character is white space, or has no visible form: U+00A0, U+200B, U+2060, U+3164 and the like.
    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        // Unicode calls the braille pattern without dots a symbol, but it looks blank.
        if scalar.isASCII { return scalar == " " }
        return scalar.properties.isWhitespace || scalar.properties.isDefaultIgnorableCodePoint
            || scalar.properties.generalCategory == .format || scalar == "\u{2800}"
    }
}
