/// A value of scanned JSON: its place, not a copy.
///
/// The scanned bytes must stay in place as long as the view is used.
public struct JSONView: JSONReadable {
    /// The value's bytes; for a string, those between the quotation marks.
    let bytes: UnsafeRawBufferPointer
    /// The type of the value.
    public let kind: JSONValue.Kind
    /// Whether a string has escape sequences and must be decoded.
    let hasEscapes: Bool

    /// A member by name; the members are searched one by one.
    public subscript(_ name: StaticString) -> JSONView? {
        guard kind == .object else { return nil }
        let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        var members = JSONMembers(self)
        while let (key, value) = members.next() {
            if key.isString(wanted) { return value }
        }
        return nil
    }

    /// Calls a closure with each member that a list names; the members are walked once.
    public func forEachMember(of names: JSONNameList, _ body: (_ number: Int, _ value: JSONView) -> Void) {
        guard kind == .object else { return }
        var members = JSONMembers(self)
        while let (key, value) = members.next() {
            let number = key.withStringBytes { names.number(of: $0, tag: JSONScanner.tag($0)) }
            if let number, let number { body(number, value) }
        }
    }

    /// Long arrays mostly contain object IDs, which take 38 bytes and a comma.
    public var estimatedCount: Int { bytes.count / 39 + 1 }

    /// The value of a string; nil for other types.
    public var string: String? { withStringBytes { String(decoding: $0, as: UTF8.self) } }

    /// Calls a closure with the UTF-8 bytes of a string, valid only during the call; nil if this is not a string.
    public func withStringBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        guard kind == .string else { return nil }
        guard hasEscapes else { return body(bytes) }
        return JSONEscapes.decode(bytes).withUnsafeBytes(body)
    }

    /// The UTF-8 bytes of a string in the document, valid as long as those of the document; nil if the string has
    /// escapes, and for other types.
    public var plainBytes: UnsafeRawBufferPointer? { kind == .string && !hasEscapes ? bytes : nil }

    /// The value of a number without fraction and exponent; nil for other types.
    public var integer: Int64? { kind == .integer ? JSONNumber.integer(bytes) : nil }

    /// The value of a boolean; nil for other types.
    public var bool: Bool? { kind == .bool ? bytes[0] == UInt8(ascii: "t") : nil }

    /// The elements of an array; nil for other types.
    public var array: JSONElements? { kind == .array ? JSONElements(self) : nil }

    /// The members of an object in their original order; nil for other types.
    public var members: [(name: String, value: JSONView)]? {
        guard kind == .object else { return nil }
        var members: [(name: String, value: JSONView)] = []
        var iterator = JSONMembers(self)
        while let (key, value) = iterator.next() { members.append((key.string ?? "", value)) }
        return members
    }

    /// Whether this is exactly that string, byte by byte.
    func isString(_ text: UnsafeRawBufferPointer) -> Bool {
        guard hasEscapes else { return isEqual(bytes, text) }
        return JSONEscapes.decode(bytes).withUnsafeBytes { isEqual($0, text) }
    }
}

/// The elements of a scanned array.
public struct JSONElements: Sequence, IteratorProtocol {
    private var walker: JSONWalker

    init(_ array: JSONView) { walker = JSONWalker(inside: array) }

    public mutating func next() -> JSONView? {
        guard walker.skipToNext() else { return nil }
        return walker.value()
    }
}

/// The members of a scanned object.
struct JSONMembers {
    private var walker: JSONWalker

    init(_ object: JSONView) { walker = JSONWalker(inside: object) }

    mutating func next() -> (key: JSONView, value: JSONView)? {
        guard walker.skipToNext() else { return nil }
        let key = walker.value()
        guard walker.skipToNext() else { return nil }
        return (key, walker.value())
    }
}

/// Walks over the values of a container that the scanner found to be valid, and reads no byte twice.
private struct JSONWalker {
    private let bytes: UnsafeRawBufferPointer
    private var place = 1

    init(inside container: JSONView) { bytes = container.bytes }

    /// Moves to the next value; false at the end of the container.
    mutating func skipToNext() -> Bool {
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"), UInt8(ascii: ","),
                UInt8(ascii: ":"):
                place += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): return false
            default: return true
            }
        }
        return false
    }

    /// The value that starts here; moves past it.
    mutating func value() -> JSONView {
        let start = place
        switch bytes[start] {
        case UInt8(ascii: "\""):
            let hasEscapes = skipString()
            return JSONView(
                bytes: UnsafeRawBufferPointer(rebasing: bytes[(start + 1)..<(place - 1)]), kind: .string,
                hasEscapes: hasEscapes)
        case UInt8(ascii: "{"):
            skipContainer()
            return view(from: start, .object)
        case UInt8(ascii: "["):
            skipContainer()
            return view(from: start, .array)
        case UInt8(ascii: "t"), UInt8(ascii: "f"):
            skipScalar()
            return view(from: start, .bool)
        case UInt8(ascii: "n"):
            skipScalar()
            return view(from: start, .null)
        default:
            let isReal = skipScalar()
            return view(from: start, isReal ? .real : .integer)
        }
    }

    private func view(from start: Int, _ kind: JSONValue.Kind) -> JSONView {
        JSONView(bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<place]), kind: kind, hasEscapes: false)
    }

    /// Moves past the closing quotation mark; returns whether there are escapes.
    private mutating func skipString() -> Bool {
        place += 1
        let start = place
        // Most strings have no escapes and end at the next quotation mark.
        guard let mark = JSONBytes.first(UInt8(ascii: "\""), in: bytes, from: start, to: bytes.count) else {
            place = bytes.count
            return false
        }
        guard let escape = JSONBytes.first(UInt8(ascii: "\\"), in: bytes, from: start, to: mark) else {
            place = mark + 1
            return false
        }
        place = escape
        while place < bytes.count, bytes[place] != UInt8(ascii: "\"") {
            place += bytes[place] == UInt8(ascii: "\\") ? 2 : 1
        }
        place = min(place + 1, bytes.count)
        return true
    }

    private mutating func skipContainer() {
        var depth = 0
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: "\""):
                _ = skipString()
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: break
            }
            place += 1
            if depth == 0 { return }
        }
    }

    /// Returns whether a number has a fraction or an exponent.
    @discardableResult
    private mutating func skipScalar() -> Bool {
        var isReal = false
        while place < bytes.count {
            switch bytes[place] {
            case UInt8(ascii: ","), UInt8(ascii: "}"), UInt8(ascii: "]"), UInt8(ascii: " "), UInt8(ascii: "\t"),
                UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                return isReal
            case UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E"): isReal = true
            default: break
            }
            place += 1
        }
        return isReal
    }
}
