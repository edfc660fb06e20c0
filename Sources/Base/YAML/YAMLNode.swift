/// A part of a YAML document, with the place where it begins.
public struct YAMLNode: Hashable, Sendable {
    public struct Scalar: Hashable, Sendable {
        public var text: String
        /// Written without quotes, so that it may mean a number, a boolean or null.
        public var isPlain: Bool
    }

    public struct Member: Hashable, Sendable {
        public var key: YAMLNode
        public var value: YAMLNode

        public init(key: YAMLNode, value: YAMLNode) {
            self.key = key
            self.value = value
        }
    }

    public enum Content: Hashable, Sendable {
        case scalar(Scalar)
        case sequence([YAMLNode])
        case mapping([Member])
    }

    public var content: Content
    /// From 1.
    public var line: Int
    /// From 1.
    public var column: Int
    /// How many nodes there are from here on, this one included.
    var weight: Int
    /// Where the text of this stands, for those who change a part of a document and keep the rest.
    public var layout = Layout()

    /// A mapping without members at the beginning of a file.
    public static let emptyMapping = YAMLNode(content: .mapping([]), line: 1, column: 1, weight: 1)

    /// Where a node's text stands and how it is written.
    public struct Layout: Hashable, Sendable {
        /// In Unicode scalars from the beginning of the file, a byte order mark not counted.
        public var start = 0
        /// After the last scalar; of a list or mapping in block style, the beginning of what comes next.
        public var end = 0
        /// Written in brackets or braces, as in JSON.
        public var isFlow = false
        /// Has an anchor or is an alias: the same text counts in several places.
        public var isShared = false
    }

    /// A mapping that was read member by member.
    public static func mapping(_ members: [Member], at start: DocumentEvent) -> YAMLNode {
        YAMLNode(
            content: .mapping(members), line: start.line, column: start.column,
            weight: members.reduce(1) { $0 + 1 + $1.value.weight })
    }

    /// The scalar's text, however it is written.
    public var text: String? {
        if case .scalar(let scalar) = content { scalar.text } else { nil }
    }

    /// Whether this is an unquoted null, or nothing at all.
    public var isNull: Bool {
        guard case .scalar(let scalar) = content, scalar.isPlain else { return false }
        return ["", "~", "null", "Null", "NULL"].contains(scalar.text)
    }

    /// The value of an unquoted boolean.
    public var bool: Bool? {
        guard case .scalar(let scalar) = content, scalar.isPlain else { return nil }
        switch scalar.text {
        case "true", "True", "TRUE": return true
        case "false", "False", "FALSE": return false
        default: return nil
        }
    }

    /// The value of an unquoted decimal integer.
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

    public var sequence: [YAMLNode]? {
        if case .sequence(let elements) = content { elements } else { nil }
    }

    public var mapping: [Member]? {
        if case .mapping(let members) = content { members } else { nil }
    }

    /// A mapping's value by its key.
    public subscript(key: String) -> YAMLNode? {
        mapping?.first { $0.key.text == key }?.value
    }

    /// What this is, for messages: `a text`, `a list`, `a mapping`, `null`.
    public var kindName: String {
        switch content {
        case .scalar where isNull: "null"
        case .scalar: "a single value"
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}
