/// Characters in a name that a reader does not see, or takes for others.
public enum HiddenText {
    /// The first character that shows nothing, or a blank that is no space or stands at an end.
    public static func invisible(in text: String) -> Unicode.Scalar? {
        let scalars = text.unicodeScalars
        if let ends = [scalars.first, scalars.last].compactMap({ $0 }).first(where: { $0 == " " }) { return ends }
        return scalars.first { scalar in
            switch scalar.value {
            // Soft hyphen, combining joiners, fillers, directions, joiners, variation selectors, tags.
            case ..<32, 127...160, 0xAD, 0x034F, 0x061C, 0x115F, 0x1160, 0x1680, 0x17B4, 0x17B5, 0x180B...0x180F,
                0x2000...0x200F, 0x2028...0x202F, 0x205F...0x206F, 0x3000, 0x3164, 0xFE00...0xFE0F, 0xFEFF, 0xFFA0,
                0xFFF9...0xFFFB, 0x1BCA0...0x1BCA3, 0x1D173...0x1D17A, 0xE0000...0xE0FFF:
                true
            default: false
            }
        }
    }

    /// The first character that looks like one of ASCII: a letter of another script beside Latin ones, or a form of a
    /// letter, digit or sign that exists for the looks of it.
    public static func lookAlike(in text: String) -> Unicode.Scalar? {
        let scalars = text.unicodeScalars
        let hasLatin = scalars.contains { ("a"..."z").contains($0) || ("A"..."Z").contains($0) }
        return scalars.first { scalar in
            switch scalar.value {
            // Greek, Cyrillic, Armenian, Cherokee: only beside Latin letters.
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

    /// The character's number, as `U+200B`.
    public static func name(of scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return "U+" + String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }
}
