/// The meaning of a YAML document, without places and formatting.
public indirect enum YAMLValue: Hashable, Sendable {
    /// A key and its value in a mapping.
    public struct Member: Hashable, Sendable {
        /// The key.
        public var key: String
        /// The value of the key.
        public var value: YAMLValue

        public init(_ key: String, _ value: YAMLValue) {
            self.key = key
            self.value = value
        }
    }

    /// A string, quoted or not.
    case string(String)
    /// An unquoted null, boolean or number, as text.
    case literal(String)
    case sequence([YAMLValue])
    case mapping([Member])

    /// The meaning of a parsed node.
    public init(_ node: YAMLNode) {
        switch node.content {
        case .scalar(let scalar):
            let isLiteral = node.isNull || node.bool != nil || node.isNumber
            self = isLiteral ? .literal(scalar.text) : .string(scalar.text)
        case .sequence(let elements): self = .sequence(elements.map(YAMLValue.init))
        case .mapping(let members):
            self = .mapping(members.map { Member($0.key.text ?? "", YAMLValue($0.value)) })
        }
    }

    /// A copy with one part changed; nil if the path leads nowhere.
    func changing(_ path: ArraySlice<YAMLStep>, _ change: (YAMLValue) -> YAMLValue?) -> YAMLValue? {
        guard let step = path.first else { return change(self) }
        let rest = path.dropFirst()
        switch (step, self) {
        case (.key(let key), .mapping(var members)):
            guard let index = members.firstIndex(where: { $0.key.utf8.elementsEqual(key.utf8) }),
                let value = members[index].value.changing(rest, change)
            else { return nil }
            members[index].value = value
            return .mapping(members)
        case (.index(let index), .sequence(var elements)):
            guard elements.indices.contains(index), let value = elements[index].changing(rest, change) else {
                return nil
            }
            elements[index] = value
            return .sequence(elements)
        default: return nil
        }
    }
}

/// One step from a node to a part of it.
public enum YAMLStep: Hashable, Sendable {
    case key(String)
    case index(Int)
}

extension YAMLValue {
    /// Lines in block style. The first starts at the value's place; the others are indented relative to it.
    var blockLines: [String] {
        switch self {
        case .string(let text): [YAMLValue.isPlain(text) ? text : YAMLText.quoted(text)]
        case .literal(let text): [text]
        case .sequence([]): ["[]"]
        case .mapping([]): ["{}"]
        case .sequence(let elements):
            elements.flatMap { element in
                element.blockLines.enumerated().map { ($0.offset == 0 ? "- " : "  ") + $0.element }
            }
        case .mapping(let members): members.flatMap { YAMLValue.blockLines($0.key, $0.value) }
        }
    }

    /// The lines of one member. Lists are not indented below their key, as in the output of Kubernetes' own tools.
    static func blockLines(_ key: String, _ value: YAMLValue) -> [String] {
        let key = isPlain(key) ? key : YAMLText.quoted(key)
        let lines = value.blockLines
        switch value {
        case .sequence(let elements) where !elements.isEmpty: return [key + ":"] + lines
        case .mapping(let members) where !members.isEmpty: return [key + ":"] + lines.map { "  " + $0 }
        default: return ["\(key): \(lines[0])"]
        }
    }

    /// One line, as in JSON.
    var flow: String {
        switch self {
        case .string(let text): YAMLText.quoted(text)
        case .literal(let text): text
        case .sequence(let elements): "[" + elements.map(\.flow).joined(separator: ", ") + "]"
        case .mapping(let members):
            "{" + members.map { "\(YAMLText.quoted($0.key)): \($0.value.flow)" }.joined(separator: ", ") + "}"
        }
    }

    /// Whether a string needs no quotes anywhere: letters, digits and few signs, and not readable as a number, a
    /// boolean or null.
    private static func isPlain(_ text: String) -> Bool {
        let isLetter = { (byte: UInt8) in (97...122).contains(byte) || (65...90).contains(byte) }
        guard let first = text.utf8.first, isLetter(first) || first == UInt8(ascii: "/") || text.hasPrefix("--"),
            !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(text.lowercased()),
            text.utf8.last != UInt8(ascii: ":"), text != "---"
        else { return false }
        return text.utf8.allSatisfy { byte in
            isLetter(byte) || (48...57).contains(byte) || "-./:_=,+".utf8.contains(byte)
        } && !text.utf8.dropFirst().contains(UInt8(ascii: ",")) && !text.contains(": ")
    }
}
