/// Writes strings as YAML scalars that every parser reads back unchanged.
public enum YAMLText {
    /// The string in double quotes. Characters that have a meaning in YAML, and invisible ones, are escaped.
    public static func quoted(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\t": quoted += "\\t"
            default:
                if isPrintable(scalar) {
                    quoted.unicodeScalars.append(scalar)
                } else {
                    let digits = String(scalar.value, radix: 16, uppercase: true)
                    let width = scalar.value < 0x100 ? 2 : scalar.value < 0x10000 ? 4 : 8
                    quoted += width == 2 ? "\\x" : width == 4 ? "\\u" : "\\U"
                    quoted += String(repeating: "0", count: width - digits.utf8.count) + digits
                }
            }
        }
        return quoted + "\""
    }

    /// Whether YAML allows the character (YAML 1.2.2, section 5.1) and it is visible: no controls, line endings,
    /// zero-width spaces, direction marks or noncharacters.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7E: true
        case ..<0xA0, 0xAD, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xE000...0xF8FF, 0xFDD0...0xFDEF, 0xFEFF,
            0xFFF0...0xFFFF, 0xE0000...:
            false
        default: scalar.value & 0xFFFE != 0xFFFE
        }
    }
}
