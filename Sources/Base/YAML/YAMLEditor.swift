/// Why a document cannot be edited.
public enum YAMLEditError: Error, Hashable, Sendable {
    /// The document itself cannot be read.
    case unreadable(YAMLError)
    /// Nothing exists at the path, or something of another kind.
    case notThere
    /// The part is used in several places (anchors and aliases).
    case shared(line: Int)
    /// A merge key (`<<`) adds members from elsewhere, which an edit could switch off.
    case merged(line: Int)
    /// An edit of lines could damage this layout.
    case unusualLayout(line: Int)
}

/// Edits parts of a YAML or JSON document and keeps every other byte: comments, order, quoting, line endings.
///
/// Each edit is verified: the new text is parsed again and must mean exactly the old document with that edit. Otherwise
/// the edit fails and the text stays unchanged.
public struct YAMLEditor: Sendable {
    /// The current document as a tree.
    public private(set) var root: YAMLNode
    /// The current text without a byte order mark.
    var scalars: [Unicode.Scalar]
    private let hasByteOrderMark: Bool

    /// Parses a document.
    ///
    /// - Throws: ``YAMLEditError/unreadable(_:)`` if it is not one valid YAML document.
    public init(_ bytes: [UInt8]) throws(YAMLEditError) {
        do throws(YAMLError) {
            root = try YAMLNode.parse(bytes)
        } catch {
            throw .unreadable(error)
        }
        hasByteOrderMark = bytes.starts(with: [0xEF, 0xBB, 0xBF])
        scalars = Array(String(decoding: bytes.dropFirst(hasByteOrderMark ? 3 : 0), as: UTF8.self).unicodeScalars)
    }

    /// The current text in UTF-8.
    public var bytes: [UInt8] {
        var text = String.UnicodeScalarView()
        text.append(contentsOf: scalars)
        return (hasByteOrderMark ? [0xEF, 0xBB, 0xBF] : []) + Array(String(text).utf8)
    }

    /// The node at a path; nil if there is none.
    public func node(_ path: [YAMLStep]) -> YAMLNode? {
        path.reduce(root) { (node: YAMLNode?, step) in
            switch step {
            case .key(let key): node?[key]
            case .index(let index): node?.sequence.flatMap { $0.indices.contains(index) ? $0[index] : nil }
            }
        }
    }

    /// Inserts an item into a list before that index, or at the end.
    ///
    /// - Throws: ``YAMLEditError`` if there is no list, or the text cannot be edited safely.
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

    /// Adds a key to a mapping, before the named key or at the end.
    ///
    /// An existing empty value (`{}`, `[]`, null, nothing) is replaced.
    ///
    /// - Throws: ``YAMLEditError`` if there is no mapping, the key has another value, or the text cannot be edited
    ///   safely.
    public mutating func set(
        _ key: String, _ item: YAMLValue, in path: [YAMLStep], before next: String? = nil
    ) throws(YAMLEditError) {
        let mapping = try unshared(path)
        guard let members = mapping.mapping else { throw .notThere }
        if let index = members.firstIndex(where: { $0.key.isText(key) }) {
            let edit = try replacement(of: members[index], by: item, in: mapping)
            return try apply(edit, path) { value in
                guard case .mapping(var members) = value else { return nil }
                members[index].value = item
                return .mapping(members)
            }
        }
        let index = next.flatMap { next in members.firstIndex { $0.key.isText(next) } } ?? members.count
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

    /// Writes a string in the place of a scalar, so that what stands behind it on the line stays.
    ///
    /// - Throws: ``YAMLEditError`` if the key has no scalar, or the text cannot be edited safely.
    public mutating func replace(_ key: String, with text: String, in path: [YAMLStep]) throws(YAMLEditError) {
        let mapping = try unshared(path)
        guard let members = mapping.mapping, let index = members.firstIndex(where: { $0.key.isText(key) }),
            case .scalar = members[index].value.content
        else { throw .notThere }
        let layout = members[index].value.layout
        guard !layout.isShared else { throw .shared(line: members[index].value.line) }
        let item = YAMLValue.string(text)
        try apply(TextEdit(range: layout.start..<layout.end, text: item.flow), path) { value in
            guard case .mapping(var members) = value else { return nil }
            members[index].value = item
            return .mapping(members)
        }
    }

    /// Removes an item from a list.
    ///
    /// - Throws: ``YAMLEditError`` if there is no such item, or the text cannot be edited safely.
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

    /// Removes a key from a mapping.
    ///
    /// - Throws: ``YAMLEditError`` if there is no such key, or the text cannot be edited safely.
    public mutating func remove(_ key: String, in path: [YAMLStep]) throws(YAMLEditError) {
        let mapping = try unshared(path)
        guard let members = mapping.mapping, let index = members.firstIndex(where: { $0.key.isText(key) }) else {
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

    /// Replaces a key's list in block style with an empty one, for a place from which the key cannot be removed.
    ///
    /// - Throws: ``YAMLEditError`` if there is no such list, or the text cannot be edited safely.
    public mutating func empty(_ key: String, in path: [YAMLStep]) throws(YAMLEditError) {
        let mapping = try unshared(path)
        guard let members = mapping.mapping, let index = members.firstIndex(where: { $0.key.isText(key) }) else {
            throw .notThere
        }
        try apply(try emptying(members[index]), path) { value in
            guard case .mapping(var members) = value else { return nil }
            members[index].value = .sequence([])
            return .mapping(members)
        }
    }

    /// Puts a key's empty value (`{}`, `[]`, null, nothing) back as an earlier document had it, byte for byte.
    ///
    /// - Parameters:
    ///   - key: the key in both documents.
    ///   - earlier: a document in which the key's value is empty.
    ///   - earlierPath: the mapping there.
    /// - Throws: ``YAMLEditError`` if one of the documents has no such key, it has a value in the earlier one, or the
    ///   text cannot be edited safely.
    public mutating func restore(
        _ key: String, in path: [YAMLStep], from earlier: YAMLEditor, at earlierPath: [YAMLStep]
    ) throws(YAMLEditError) {
        let mapping = try unshared(path)
        guard let members = mapping.mapping, let index = members.firstIndex(where: { $0.key.isText(key) }),
            let before = try earlier.unshared(earlierPath).mapping?.first(where: { $0.key.isText(key) }),
            before.value.isEmpty
        else { throw .notThere }
        guard !before.value.layout.isShared else { throw .shared(line: before.value.line) }
        let text = String(String.UnicodeScalarView(earlier.scalars[earlier.wholeRange(before)]))
        try apply(TextEdit(range: wholeRange(members[index]), text: text), path) { value in
            guard case .mapping(var members) = value else { return nil }
            members[index].value = YAMLValue(before.value)
            return .mapping(members)
        }
    }

    /// The node at a path, no part of which may be used in several places or be merged with another mapping.
    private func unshared(_ path: [YAMLStep]) throws(YAMLEditError) -> YAMLNode {
        for length in 0...path.count {
            guard let node = node(Array(path.prefix(length))) else { throw .notThere }
            guard !node.layout.isShared else { throw .shared(line: node.line) }
            if let key = node.mergeKey { throw .merged(line: key.line) }
        }
        guard let node = node(path) else { throw .notThere }
        return node
    }

    /// Applies an edit, unless the new text means anything other than the edited value.
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

/// A range of the text and its replacement.
struct TextEdit {
    var range: Range<Int>
    var text: String
}

extension YAMLNode {
    /// From the first character to the end of the content.
    var extent: Range<Int> { layout.start..<max(layout.start, contentEnd) }

    /// Whether it is null, or a list or mapping without anything in it.
    var isEmpty: Bool { isNull || sequence?.isEmpty ?? mapping?.isEmpty ?? false }

    /// The end of the last character that belongs to this node, without white space and comments after it.
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
