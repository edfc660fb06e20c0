/// A value of a configuration file, and what its strings mean.
public indirect enum ConfigValue: Sendable {
    case null
    case boolean(Bool)
    case integer(Int)
    case real(Double)
    /// A string with a fixed form: a choice, a duration, a time, an address, an ID.
    case word(String)
    /// A name that is compared with another one: a Kubernetes group, an audience, a prefix.
    case name(String)
    /// A path, resolved against the configuration's folder.
    case file(String, FileRole)
    case list([ConfigValue])
    case mapping([Member])

    /// One field of a mapping, in the order of the file.
    public struct Member: Sendable {
        /// The field's name.
        public var name: String
        /// The field's value.
        public var value: ConfigValue

        public init(_ name: String, _ value: ConfigValue) {
            self.name = name
            self.value = value
        }
    }

    /// Null for nil.
    init(word text: String?) { self = text.map { .word($0) } ?? .null }

    /// The value of a field in a mapping.
    public subscript(name: String) -> ConfigValue? {
        guard case .mapping(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// Nil if it is no integer.
    var integer: Int? {
        if case .integer(let number) = self { number } else { nil }
    }

    var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// Whether both would be written with the same bytes: `==` on `String` treats some different bytes as equal.
    func isSame(as other: ConfigValue) -> Bool { flow.utf8.elementsEqual(other.flow.utf8) }

    /// A copy in which every path is rewritten.
    func mapFiles(_ rewrite: (String) -> String) -> ConfigValue {
        switch self {
        case .file(let path, let role): .file(rewrite(path), role)
        case .list(let elements): .list(elements.map { $0.mapFiles(rewrite) })
        case .mapping(let members): .mapping(members.map { Member($0.name, $0.value.mapFiles(rewrite)) })
        case .null, .boolean, .integer, .real, .word, .name: self
        }
    }

    /// For a sentence: a single value as it is, a list with commas.
    var words: String {
        switch self {
        case .word(let text), .name(let text), .file(let text, _): text
        case .list(let elements): elements.map(\.words).joined(separator: ", ")
        case .null, .boolean, .integer, .real, .mapping: flow
        }
    }

    /// Calls `body` with every value within this one, and its path.
    public func forEach(at path: String = "", _ body: (_ path: String, _ value: ConfigValue) -> Void) {
        body(path, self)
        switch self {
        case .list(let elements):
            for (index, element) in elements.enumerated() { element.forEach(at: "\(path)[\(index)]", body) }
        case .mapping(let members):
            for member in members {
                member.value.forEach(at: path.isEmpty ? member.name : "\(path).\(member.name)", body)
            }
        case .null, .boolean, .integer, .real, .word, .name, .file: break
        }
    }
}
