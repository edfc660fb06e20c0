import Jansson
import YAML

extension JSON {
    /// The value on one line of YAML; plain words have no quotes.
    var yaml: String {
        switch self {
        case .string(let text): JSON.isBareWord(text) ? text : YAMLText.quoted(text)
        case .object(let members):
            "{" + members.map { JSON.yamlKey($0.0, separator: " ") + $0.1.quotedYAML }.joined(separator: ", ") + "}"
        case .array(let elements): "[" + elements.map(\.quotedYAML).joined(separator: ", ") + "]"
        case .integer, .real, .bool, .null: text()
        }
    }

    private var quotedYAML: String {
        if case .string(let text) = self { return YAMLText.quoted(text) }
        return yaml
    }

    /// A member's name and its colon. YAML allows a name of more than 1024 characters only after a question mark.
    ///
    /// - Parameter separator: stands before the colon of a long name: a line ending and indentation in block style.
    static func yamlKey(_ name: String, separator: String) -> String {
        let key = isBareWord(name) ? name : YAMLText.quoted(name)
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
}
