import Entra
import YAML

extension ConfigValue {
    /// One line in YAML's flow style.
    public var flow: String {
        switch self {
        case .null: "null"
        case .boolean(let isTrue): "\(isTrue)"
        case .integer(let number): "\(number)"
        case .real(let number): "\(number)"
        case .word(let text): ConfigValue.scalar(text)
        case .name(let text), .file(let text, _): ConfigValue.quoted(text)
        case .list(let elements): "[\(elements.map(\.flow).joined(separator: ", "))]"
        case .mapping(let members) where members.isEmpty: "{}"
        case .mapping(let members):
            "{ \(members.map { "\(ConfigValue.quoted($0.name)): \($0.value.flow)" }.joined(separator: ", ")) }"
        }
    }

    /// Lines in YAML's block style, without indentation; lists of single values stay on one line.
    public var block: [String] {
        switch self {
        case .mapping(let members) where !members.isEmpty:
            members.flatMap { member -> [String] in
                let name = ConfigValue.quoted(member.name)
                guard member.value.hasBlock else { return ["\(name): \(member.value.flow)"] }
                return ["\(name):"] + member.value.block.map { "  " + $0 }
            }
        case .list(let elements) where hasBlock:
            elements.flatMap { element in
                element.block.enumerated().map { ($0 == 0 ? "- " : "  ") + $1 }
            }
        default: [flow]
        }
    }

    private var hasBlock: Bool {
        switch self {
        case .mapping(let members): !members.isEmpty
        case .list(let elements): elements.contains { if case .mapping = $0 { true } else { false } }
        case .null, .boolean, .integer, .real, .word, .name, .file: false
        }
    }

    /// A word: times, addresses and IDs need no quotes unless a character has a meaning in YAML.
    private static func scalar(_ text: String) -> String {
        let isSafe = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-./:_".utf8.contains(byte)
        }
        let isNumber = Double(text) != nil || text.hasPrefix("0x") || text.hasPrefix("0o")
        let startsWell = text.utf8.first.map { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: "-") } ?? false
        return isSafe && !isNumber && startsWell && text.utf8.last != UInt8(ascii: ":")
            && !["true", "false", "null"].contains(text.lowercased()) ? text : YAMLText.quoted(text)
    }

    /// A YAML string, in double quotes if it needs them.
    static func quoted(_ text: String) -> String {
        isPlain(text) ? text : YAMLText.quoted(text)
    }

    private static func isPlain(_ text: String) -> Bool {
        if GUID(text) != nil { return true }
        let isLetter = { (byte: UInt8) in (97...122).contains(byte) || (65...90).contains(byte) }
        // A string that starts with a digit could be a number, and these words are booleans or null.
        guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "/") || text.hasPrefix("../"),
            !["true", "false", "null"].contains(text.lowercased()), text.utf8.last != UInt8(ascii: ":")
        else { return false }
        return text.utf8.allSatisfy { isLetter($0) || (48...57).contains($0) || "-./:_".utf8.contains($0) }
    }
}
