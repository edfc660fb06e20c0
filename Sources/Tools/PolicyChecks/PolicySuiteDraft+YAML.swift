internal import Jansson

extension JSON {
    /// The value on one line of YAML; plain words have no quotes.
    var yaml: String {
        switch self {
        case .string(let text): JSON.isBareWord(text) ? text : JSON.quoted(text)
        case .object(let members):
            "{" + members.map { JSON.yamlKey($0.0, separator: " ") + $0.1.quotedYAML }.joined(separator: ", ") + "}"
        case .array(let elements): "[" + elements.map(\.quotedYAML).joined(separator: ", ") + "]"
        case .integer, .real, .bool, .null: text()
        }
    }

    private var quotedYAML: String {
        if case .string(let text) = self { return JSON.quoted(text) }
        return yaml
    }

    /// A member's name and its colon. YAML allows a name of more than 1024 characters only after a question mark.
    ///
    /// - Parameter separator: stands before the colon of a long name: a line ending and indentation in block style.
    static func yamlKey(_ name: String, separator: String) -> String {
        let key = isBareWord(name) ? name : quoted(name)
        return key.utf8.count < 1000 ? key + ": " : "? \(key)\(separator): "
    }

    private static func isBareWord(_ text: String) -> Bool {
        guard let first = text.utf8.first, (97...122).contains(first) || (65...90).contains(first) else { return false }
        let reserved = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        return !reserved.contains(text.lowercased())
            && text.utf8.allSatisfy {
                (97...122).contains($0) || (65...90).contains($0) || (48...57).contains($0) || $0 == 45 || $0 == 95
                    || $0 == 46 || $0 == 64
            }
    }

    private static func quoted(_ text: String) -> String {
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
