/// Which texts may become a user name that people compare by looking at it.
enum NameForm {
    /// No control or direction characters, and nothing at either end that nobody sees.
    static func isUsable(_ name: String) -> Bool {
        let scalars = name.unicodeScalars
        guard let first = scalars.first, let last = scalars.last else { return false }
        return scalars.allSatisfy(isPrintable) && !isBlank(first) && !isBlank(last)
    }

    /// No control characters, line ends, or marks that turn the direction of writing.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: false
        default: true
        }
    }

    /// White space of every kind, and what takes no room or shows nothing: U+00A0, U+200B, U+2060, U+3164 and their like.
    private static func isBlank(_ scalar: Unicode.Scalar) -> Bool {
        // The braille pattern without dots is a symbol to Unicode, and blank to everybody else.
        if scalar.isASCII { return scalar == " " }
        return scalar.properties.isWhitespace || scalar.properties.isDefaultIgnorableCodePoint
            || scalar.properties.generalCategory == .format || scalar == "\u{2800}"
    }
}
