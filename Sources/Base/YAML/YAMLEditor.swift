/// Why a document cannot be changed in its text.
public enum YAMLEditError: Error, Hashable, Sendable {
    /// The document itself cannot be read.
    case unreadable(YAMLError)
    /// Nothing stands at the path, or something else than was expected.
    case notThere
    /// What would be changed counts in several places (anchors and aliases).
    case shared(line: Int)
    /// The text is laid out in a way that a change of lines could damage.
    case unusualLayout(line: Int)
}

/// Changes parts of a YAML or JSON document and leaves every other byte of it alone: comments, order, quoting, line
/// ends.
///
/// Each change is proved: the new text is read again and must mean exactly the old document with that change, or the
/// change is refused and the text stays.
public struct YAMLEditor: Sendable {
    public private(set) var root: YAMLNode
    /// Without a byte order mark.
    var scalars: [Unicode.Scalar]
    private let hasByteOrderMark: Bool

    public init(_ bytes: [UInt8]) throws(YAMLEditError) {
        do throws(YAMLError) {
            root = try YAMLNode.parse(bytes)
        } catch {
            throw .unreadable(error)
        }
        hasByteOrderMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        scalars = Array(String(decoding: bytes.dropFirst(hasByteOrderMark ? 3 : 0), as: UTF8.self).unicodeScalars)
    }

    /// The document's text as it is now.
    public var bytes: [UInt8] {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return (hasByteOrderMark ? [0xEF, 0xBB, 0xBF] : []) + Array(String(text).utf8)
    }

    /// The node at a path.
    public func node(_ path: [YAMLStep]) -> YAMLNode? {
        path.reduce(root) { (node: YAMLNode?, step) in
            switch step {
            case .key(let key): node?[key]
            case .index(let index): node?.sequence.flatMap { $0.indices.contains(index) ? $0[index] : nil }
            }
        }
    }

    /// Puts an item into a list, before the item at the index, or at the list's end.
    public mutating func insert(_ item: YAMLValue, at index: Int, in path: [YAMLStep]) throws(YAMLEditError) {
        let list = try unshared(path)
        guard let elements = list.sequence, (0...elements.count).contains(index) else { throw .notThere }
        let edit =
            list.layout.isFlow
            ? flowInsertion(item.flow, at: index, among: elements.map(\.extent), in: list)
            : try blockInsertion(item, at: index, among: elements)
        try apply(edit, path) { value in
            guard case .sequence(var elements) = value else { return nil }
            elements.insert(item, at: index)
            return .sequence(elements)
        }
    }

    /// Gives a mapping a key that it does not have, before the key that is named or at its end.
    ///
    /// A value that is there and empty (`{}`, `[]`, null, nothing) is replaced.
    public mutating func set(
        _ key: String, _ item: YAMLValue, in path: [YAMLStep], before next: String? = nil
    ) throws(YAMLEditError) {
        let mapping = try unshared(path)
        guard let members = mapping.mapping else { throw .notThere }
        if let index = members.firstIndex(where: { $0.key.text == key }) {
            let edit = try replacement(of: members[index], by: item, in: mapping)
            return try apply(edit, path) { value in
                guard case .mapping(var members) = value else { return nil }
                members[index].value = item
                return .mapping(members)
            }
        }
        let index = members.firstIndex { $0.key.text == next } ?? members.count
        let edit =
            mapping.layout.isFlow
            ? flowInsertion(
                YAMLValue.mapping([.init(key, item)]).flow.trimmingBraces, at: index, among: members.map(\.extent),
                in: mapping)
            : try blockInsertion(key, item, at: index, among: members)
        try apply(edit, path) { value in
            guard case .mapping(var members) = value else { return nil }
            members.insert(.init(key, item), at: index)
            return .mapping(members)
        }
    }

    /// Takes an item out of a list.
    public mutating func remove(at index: Int, in path: [YAMLStep]) throws(YAMLEditError) {
        let list = try unshared(path)
        guard let elements = list.sequence, elements.indices.contains(index) else { throw .notThere }
        let edit =
            list.layout.isFlow
            ? flowRemoval(at: index, among: elements.map(\.extent))
            : try blockRemoval(from: elements[index], to: elements[index], prefix: YAMLEditor.isDash)
        try apply(edit, path) { value in
            guard case .sequence(var elements) = value else { return nil }
            elements.remove(at: index)
            return .sequence(elements)
        }
    }

    /// Takes a key out of a mapping.
    public mutating func remove(_ key: String, in path: [YAMLStep]) throws(YAMLEditError) {
        let mapping = try unshared(path)
        guard let members = mapping.mapping, let index = members.firstIndex(where: { $0.key.text == key }) else {
            throw .notThere
        }
        let edit =
            mapping.layout.isFlow
            ? flowRemoval(at: index, among: members.map(\.extent))
            : try blockRemoval(
                from: members[index].key, to: members[index].value, prefix: { $0.allSatisfy { $0 == " " } })
        try apply(edit, path) { value in
            guard case .mapping(var members) = value else { return nil }
            members.remove(at: index)
            return .mapping(members)
        }
    }

    /// The node at a path; no part of the way may count in several places.
    private func unshared(_ path: [YAMLStep]) throws(YAMLEditError) -> YAMLNode {
        for length in 0...path.count {
            guard let node = node(Array(path.prefix(length))) else { throw .notThere }
            guard !node.layout.isShared else { throw .shared(line: node.line) }
        }
        guard let node = node(path) else { throw .notThere }
        return node
    }

    /// Makes a change of the text, unless it means anything else than the change of the value.
    private mutating func apply(
        _ edit: TextEdit, _ path: [YAMLStep], _ change: (YAMLValue) -> YAMLValue?
    ) throws(YAMLEditError) {
        let old = self
        let line = node(path)?.line ?? 1
        scalars.replaceSubrange(edit.range, with: edit.text.unicodeScalars)
        guard let expected = YAMLValue(old.root).changing(path[...], change),
            let changed = try? YAMLNode.parse(bytes), YAMLValue(changed) == expected
        else {
            self = old
            throw .unusualLayout(line: line)
        }
        root = changed
    }
}

/// A range of the text and what takes its place.
struct TextEdit {
    var range: Range<Int>
    var text: String
}

extension YAMLNode {
    /// From the first scalar to after the last.
    var extent: Range<Int> { layout.start..<max(layout.start, contentEnd) }

    /// After the last scalar that belongs to this, white space and comments behind it not counted.
    var contentEnd: Int {
        switch content {
        case .scalar: layout.end
        case .sequence(let elements): layout.isFlow ? layout.end : elements.last?.contentEnd ?? layout.end
        case .mapping(let members): layout.isFlow ? layout.end : members.last?.value.contentEnd ?? layout.end
        }
    }
}

extension YAMLNode.Member {
    var extent: Range<Int> { key.layout.start..<max(key.layout.end, value.contentEnd) }
}

extension String {
    fileprivate var trimmingBraces: String { String(dropFirst().dropLast()) }
}
