/// A part of a YAML document, with the place where it begins.
public struct YAMLNode: Hashable, Sendable {
    /// A single value.
    public struct Scalar: Hashable, Sendable {
        /// The value after quotes and escapes are removed.
        public var text: String
        /// Written without quotes, so that it may be a number, a boolean or null.
        public var isPlain: Bool
    }

    /// A key and its value in a mapping.
    public struct Member: Hashable, Sendable {
        /// The key, a scalar.
        public var key: YAMLNode
        /// The value.
        public var value: YAMLNode

        public init(key: YAMLNode, value: YAMLNode) {
            self.key = key
            self.value = value
        }
    }

    /// A scalar, a list or a mapping.
    public enum Content: Hashable, Sendable {
        case scalar(Scalar)
        case sequence([YAMLNode])
        case mapping([Member])
    }

    /// The value, elements or members.
    public var content: Content
    /// The line, counted from 1.
    public var line: Int
    /// The column, counted from 1.
    public var column: Int
    /// Number of nodes in this tree, this one included.
    var weight: Int
    /// Where the text is, for editing a part of the document and keeping the rest.
    public var layout = Layout()

    /// A mapping without members at the start of a file.
    public static let emptyMapping = YAMLNode(content: .mapping([]), line: 1, column: 1, weight: 1)

    /// Where a node's text is and how it is written.
    public struct Layout: Hashable, Sendable {
        /// In Unicode scalars from the start of the file, without a byte order mark.
        public var start = 0
        /// After the last scalar. For block-style lists and mappings: the beginning of what follows.
        public var end = 0
        /// Whether it is written in brackets or braces, as in JSON.
        public var isFlow = false
        /// Whether it has an anchor or is an alias, so that the same text is used in several places.
        public var isShared = false
    }

    /// A mapping whose members were read one by one.
    public static func mapping(_ members: [Member], at start: DocumentEvent) -> YAMLNode {
        YAMLNode(
            content: .mapping(members), line: start.line, column: start.column,
            weight: members.reduce(1) { $0 + 1 + $1.value.weight })
    }

    /// A scalar's text, quoted or not; nil for lists and mappings.
    public var text: String? {
        if case .scalar(let scalar) = content { scalar.text } else { nil }
    }

    /// Whether it is a scalar with exactly these bytes. They are compared because `==` on `String` treats some
    /// different strings as equal.
    func isText(_ wanted: String) -> Bool {
        guard let text, text.utf8.count == wanted.utf8.count, text == wanted else { return false }
        return text.utf8.elementsEqual(wanted.utf8)
    }

    /// Whether this is an unquoted null, or empty.
    public var isNull: Bool {
        guard case .scalar(let scalar) = content, scalar.isPlain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
    }

    /// The value of an unquoted boolean; nil for anything else.
    public var bool: Bool? {
        guard case .scalar(let scalar) = content, scalar.isPlain else { return nil }
        switch scalar.text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// The value of an unquoted decimal integer; nil for anything else.
    public var integer: Int? {
        guard case .scalar(let scalar) = content, scalar.isPlain else { return nil }
        return Int(scalar.text)
    }

    /// Whether this is an unquoted number (YAML 1.2 core schema).
    public var isNumber: Bool {
        guard case .scalar(let scalar) = content, scalar.isPlain else { return false }
        let unsigned = scalar.text.utf8.drop { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "-") }
        guard scalar.text.utf8.count - unsigned.count <= 1, let first = unsigned.first else { return false }
        let isDigit = { (byte: UInt8) in (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }
        if [".inf", ".Inf", ".INF", ".nan", ".NaN", ".NAN"].contains(String(Substring(unsigned))) { return true }
        guard isDigit(first) || first == UInt8(ascii: ".") else { return false }
        let prefix = String(Substring(unsigned.prefix(2)))
        if prefix == "0x" || prefix == "0o" {
            return Int(Substring(unsigned.dropFirst(2)), radix: prefix == "0x" ? 16 : 8) != nil
        }
        return unsigned.allSatisfy { isDigit($0) || "+-.eE".utf8.contains($0) } && Double(Substring(unsigned)) != nil
    }

    /// The elements of a list; nil for anything else.
    public var sequence: [YAMLNode]? {
        if case .sequence(let elements) = content { elements } else { nil }
    }

    /// The members of a mapping in order; nil for anything else.
    public var mapping: [Member]? {
        if case .mapping(let members) = content { members } else { nil }
    }

    /// The value of a key in a mapping.
    public subscript(key: String) -> YAMLNode? {
        mapping?.first { $0.key.isText(key) }?.value
    }

    /// The key `<<` of a mapping, if it has one. Kubernetes' YAML reader inserts the members of its value; this one
    /// does not.
    ///
    /// Source: yaml.org/type/merge.html.
    public var mergeKey: YAMLNode? {
        mapping?.first { member in
            guard case .scalar(let scalar) = member.key.content else { return false }
            return scalar.isPlain && scalar.text == "<<"
        }?.key
    }

    /// The first such key in this part of the document.
    public var firstMergeKey: YAMLNode? {
        if let mergeKey { return mergeKey }
        let parts = sequence ?? mapping?.map(\.value) ?? []
        return parts.lazy.compactMap(\.firstMergeKey).first
    }

    /// The kind, for messages: `a single value`, `a list`, `a mapping`, `null`.
    public var kindName: String {
        switch content {
        case .scalar where isNull: "null"
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
