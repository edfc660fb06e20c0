/// Takes a JSON document in pieces, as they arrive, and lets through only the members that are asked for.
///
/// A member that is not asked for keeps its name, but its value becomes `null`: the result is a smaller document with
/// the same structure. The sieve's memory does not depend on the size of what it drops, and the result does not depend
/// on how the document is cut into pieces.
///
/// What the sieve lets through must still be read by ``ScannedJSON``, which checks everything in it. In what it drops,
/// the sieve checks the syntax (brackets, commas, strings with their escapes, numbers), so that it always finds the
/// right end. It does not notice duplicate members, unpaired surrogates and invalid UTF-8 there. A member whose name is
/// written with an escape is never dropped.
public struct JSONSieve: Sendable {
    /// What may come next.
    private enum Expected {
        case value
        /// After `[`.
        case valueOrEnd
        case name
        /// After `{`.
        case nameOrEnd
        case colon
        /// After a value in a container.
        case commaOrEnd
        /// After the outermost value.
        case nothing
        /// Inside a string.
        case string
        /// After a backslash.
        case escape
        /// After `\u`, with the number of hexadecimal digits that are still missing.
        case digits(Int)
        /// Inside a number, `true`, `false` or `null`.
        case word
        /// The document is not JSON, or exceeds a limit.
        case failed
    }

    private let outerNames: [StaticString]
    private let inner: (member: StaticString, names: [StaticString])
    private let maximumDepth: Int

    private var expected = Expected.value
    /// One bit for each open container, the innermost lowest: 1 is an object.
    private var containers: UInt64 = 0
    private var depth = 0
    /// Whether the string that is being read is a member's name.
    private var isName = false
    private var hasEscapedName = false
    /// The name that is being read, or was read last, of a member in the outermost two objects.
    private var name: [UInt8] = []
    /// The bytes so far of a number, `true`, `false` or `null`, which may continue in the next piece.
    private var word: [UInt8] = []
    /// Number of containers around the value that is being dropped; nil if none is.
    private var droppedDepth: Int?
    /// Whether the current member of the outermost object is the one whose members are sieved as well.
    private var isInInner = false

    /// Names must have at most 64 bytes.
    ///
    /// - Parameters:
    ///   - outerNames: the members of the outermost object that are let through.
    ///   - member: the one of them whose own members are sieved too, if it is an object.
    ///   - innerNames: the members of that object that are let through.
    ///   - maximumDepth: how deeply objects and arrays may be nested, at most 64.
    public init(
        outerNames: [StaticString], of member: StaticString, innerNames: [StaticString], maximumDepth: Int = 32
    ) {
        self.outerNames = outerNames
        inner = (member, innerNames)
        self.maximumDepth = min(maximumDepth, 64)
        name.reserveCapacity(32)
    }

    /// Whether what was taken so far is a whole document.
    public var isComplete: Bool {
        if case .nothing = expected { true } else { false }
    }

    /// Takes the next piece.
    ///
    /// - Parameter pass: called with parts of the piece and with `null`, in the order of the document. The bytes are
    ///   valid only during the call.
    /// - Returns: false if the pieces are not the beginning of an object or array in JSON, or exceed a limit. From then
    ///   on, nothing is let through.
    public mutating func take(_ bytes: UnsafeRawBufferPointer, pass: (UnsafeRawBufferPointer) -> Void) -> Bool {
        if case .failed = expected { return false }
        var place = 0
        /// Where the bytes begin that are still to be passed on.
        var kept = 0
        while place < bytes.count {
            let byte = bytes[place]
            switch expected {
            case .string:
                let end = JSONBytes.nextSpecial(in: bytes, from: place)
                if isName { note(bytes[place..<end]) }
                place = end
                guard place < bytes.count else { continue }
                guard takeInString(bytes[place]) else { return fail() }
                place += 1
            case .escape:
                guard takeEscape(byte) else { return fail() }
                place += 1
            case .digits(let left):
                guard Self.isHexadecimal(byte) else { return fail() }
                expected = left > 1 ? .digits(left - 1) : .string
                place += 1
            case .word:
                guard Self.belongsToWord(byte) else {
                    guard endWord() else { return fail() }
                    // This byte is not part of the word; the next round of the loop handles it.
                    endDrop(at: place, &kept)
                    continue
                }
                guard word.count < Self.longestWord else { return fail() }
                word.append(byte)
                place += 1
            default:
                guard byte != 0x20, byte != 0x0A, byte != 0x0D, byte != 0x09 else {
                    place += 1
                    continue
                }
                if startsDropped(byte) {
                    pass(UnsafeRawBufferPointer(rebasing: bytes[kept..<place]))
                    pass(UnsafeRawBufferPointer(start: Self.null.utf8Start, count: Self.null.utf8CodeUnitCount))
                    droppedDepth = depth
                }
                guard takeStructure(byte) else { return fail() }
                place += 1
            }
            // A dropped string, object or array ends with its last byte.
            if isAfterValue { endDrop(at: place, &kept) }
        }
        if droppedDepth == nil, kept < bytes.count { pass(UnsafeRawBufferPointer(rebasing: bytes[kept...])) }
        return true
    }

    /// What is let through of a whole document; nil if it is not JSON, or exceeds a limit.
    public consuming func rest(of document: UnsafeRawBufferPointer) -> [UInt8]? {
        var rest: [UInt8] = []
        rest.reserveCapacity(document.count)
        guard take(document, pass: { rest.append(contentsOf: $0) }), isComplete else { return nil }
        return rest
    }

    private static let null: StaticString = "null"
    /// In bytes. A longer number is refused.
    private static let longestWord = 16_384
    /// In bytes: longer than every name that is asked for. Of a longer name, only the beginning is kept.
    private static let longestName = 64

    private var isAfterValue: Bool {
        switch expected {
        case .commaOrEnd, .nothing: true
        default: false
        }
    }

    private mutating func fail() -> Bool {
        expected = .failed
        return false
    }

    private mutating func endDrop(at place: Int, _ kept: inout Int) {
        guard droppedDepth == depth else { return }
        droppedDepth = nil
        kept = place
    }

    // MARK: Members

    private var isInObject: Bool { containers & 1 == 1 }

    /// Whether the names of the innermost container's members matter.
    private var isSieved: Bool { droppedDepth == nil && isInObject && (depth == 1 || depth == 2 && isInInner) }

    private mutating func note(_ bytes: some Sequence<UInt8>) {
        guard isSieved else { return }
        name.append(contentsOf: bytes.prefix(Self.longestName + 1 - name.count))
    }

    /// Whether the value that begins with this byte is not asked for.
    private func startsDropped(_ byte: UInt8) -> Bool {
        guard case .value = expected, isSieved, !hasEscapedName else { return false }
        return !(depth == 1 ? outerNames : inner.names).contains { isNamed($0) }
    }

    private func isNamed(_ wanted: StaticString) -> Bool {
        name.elementsEqual(UnsafeBufferPointer(start: wanted.utf8Start, count: wanted.utf8CodeUnitCount))
    }

    // MARK: Structure

    private mutating func takeStructure(_ byte: UInt8) -> Bool {
        switch (expected, byte) {
        case (.value, UInt8(ascii: "{")), (.valueOrEnd, UInt8(ascii: "{")): return open(isObject: true)
        case (.value, UInt8(ascii: "[")), (.valueOrEnd, UInt8(ascii: "[")): return open(isObject: false)
        case (.value, UInt8(ascii: "\"")), (.valueOrEnd, UInt8(ascii: "\"")):
            isName = false
            expected = .string
            return depth > 0
        case (.value, _) where Self.belongsToWord(byte), (.valueOrEnd, _) where Self.belongsToWord(byte):
            word.removeAll(keepingCapacity: true)
            word.append(byte)
            expected = .word
            return depth > 0
        case (.name, UInt8(ascii: "\"")), (.nameOrEnd, UInt8(ascii: "\"")):
            isName = true
            name.removeAll(keepingCapacity: true)
            hasEscapedName = false
            expected = .string
            return true
        case (.colon, UInt8(ascii: ":")): expected = .value
        case (.commaOrEnd, UInt8(ascii: ",")): expected = isInObject ? .name : .value
        case (.commaOrEnd, UInt8(ascii: "}")) where isInObject, (.nameOrEnd, UInt8(ascii: "}")): close()
        case (.commaOrEnd, UInt8(ascii: "]")) where !isInObject, (.valueOrEnd, UInt8(ascii: "]")): close()
        default: return false
        }
        return true
    }

    private mutating func open(isObject: Bool) -> Bool {
        guard depth < maximumDepth else { return false }
        if depth == 1 { isInInner = isObject && isSieved && !hasEscapedName && isNamed(inner.member) }
        depth += 1
        containers = containers << 1 | (isObject ? 1 : 0)
        expected = isObject ? .nameOrEnd : .valueOrEnd
        return true
    }

    private mutating func close() {
        depth -= 1
        containers >>= 1
        expected = depth > 0 ? .commaOrEnd : .nothing
    }

    // MARK: Strings and words

    private mutating func takeInString(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "\""): expected = isName ? .colon : .commaOrEnd
        case UInt8(ascii: "\\"):
            hasEscapedName = hasEscapedName || isName
            expected = .escape
        case 0x80...: if isName { note([byte]) }
        default: return false
        }
        return true
    }

    private mutating func takeEscape(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "u"): expected = .digits(4)
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            expected = .string
        default: return false
        }
        return true
    }

    private mutating func endWord() -> Bool {
        expected = .commaOrEnd
        return word.withUnsafeBytes { bytes in
            for known in ["true", "false", "null"] as [StaticString]
            where isEqual(bytes, UnsafeRawBufferPointer(start: known.utf8Start, count: known.utf8CodeUnitCount)) {
                return true
            }
            return JSONNumber.scan(bytes, from: 0)?.end == bytes.count
        }
    }

    private static func belongsToWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "E"), UInt8(ascii: "-"), UInt8(ascii: "+"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
