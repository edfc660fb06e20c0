/// Characters in a name that readers do not see, or mistake for others.
public enum HiddenText {
    /// The first character that is invisible, or white space other than a space within the name.
    public static func invisible(in text: String) -> Unicode.Scalar? {
        let scalars = text.unicodeScalars
        if let ends = [scalars.first, scalars.last].compactMap({ $0 }).first(where: { $0 == " " }) { return ends }
        return PrintableText.firstInvisible(in: text)
    }

    /// The first character that looks like an ASCII character: a letter of another script next to Latin letters, or a
    /// typographic variant of a letter, digit or sign.
    public static func lookAlike(in text: String) -> Unicode.Scalar? {
        let scalars = text.unicodeScalars
        let hasLatin = scalars.contains { ("a"..."z").contains($0) || ("A"..."Z").contains($0) }
        return scalars.first { scalar in
            switch scalar.value {
            // Greek, Cyrillic, Armenian and Cherokee, only next to Latin letters.
            case 0x0370...0x03FF, 0x0400...0x052F, 0x0530...0x058F, 0x13A0...0x13FF, 0x1C80...0x1C8F, 0xAB70...0xABBF:
                hasLatin
            // Dotless i, script g, hyphens and dashes, quotes, fraction slash, letter-like signs, minus, ratio, colons,
            // full-width forms, mathematical letters.
            case 0x0131, 0x0261, 0x02B9...0x02BF, 0x02D0, 0x05C3, 0x2010...0x2015, 0x2018...0x201F, 0x2024, 0x2043,
                0x2044, 0x2100...0x214F, 0x2160...0x217F, 0x2212, 0x2215, 0x2236, 0x2D4F, 0xA789, 0xFE30...0xFE6F,
                0xFF01...0xFF5E, 0x1D400...0x1D7FF:
                true
            default: false
            }
        }
    }

    /// The code point, such as `U+200B`.
    public static func name(of scalar: Unicode.Scalar) -> String {
        PrintableText.codePoint(scalar)
    }
}
