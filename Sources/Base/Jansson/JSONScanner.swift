/// One pass over the bytes of a document.
struct JSONScanner {
    /// The places of a member's name and value.
    struct Entry {
        var keyStart: Int32
        var keyLength: Int32
        var valueStart: Int32 = 0
        var valueLength: Int32 = 0
        /// Distinguishes most names without a comparison of their bytes.
        var tag: UInt32
        var hasEscapedKey: Bool
        var hasEscapedValue = false
        var kind = JSONValue.Kind.null

        func key(in bytes: UnsafeRawBufferPointer) -> JSONView {
            view(bytes, keyStart, keyLength, .string, hasEscapedKey)
        }

        func value(in bytes: UnsafeRawBufferPointer) -> JSONView {
            view(bytes, valueStart, valueLength, kind, hasEscapedValue)
        }

        private func view(
            _ bytes: UnsafeRawBufferPointer, _ start: Int32, _ length: Int32, _ kind: JSONValue.Kind, _ escaped: Bool
        ) -> JSONView {
            let range = Int(start)..<Int(start + length)
            return JSONView(bytes: UnsafeRawBufferPointer(rebasing: bytes[range]), kind: kind, hasEscapes: escaped)
        }
    }

    /// A value and its place; that of a string excludes the quotation marks.
    private struct Found {
        var start: Int
        var end: Int
        var kind: JSONValue.Kind
        var hasEscapes = false
    }

    private let bytes: UnsafeRawBufferPointer
    private let maximumDepth: Int
    private let strictness: JSONStrictness
    private var valuesLeft: Int
    private var place = 0
    /// The members of the outermost object, followed by those of the objects that are being read.
    private(set) var entries: [Entry] = []
    /// Why ``scanDocument()`` returned nil.
    private(set) var failure = JSONError.Code.invalid

    init(_ bytes: UnsafeRawBufferPointer, maximumDepth: Int, maximumValues: Int, strictness: JSONStrictness) {
        self.bytes = bytes
        self.maximumDepth = maximumDepth
        self.strictness = strictness
        valuesLeft = maximumValues
        entries.reserveCapacity(32)
    }

    static func tag(_ name: UnsafeRawBufferPointer) -> UInt32 {
        guard let first = name.first, let last = name.last else { return 0 }
        return UInt32(truncatingIfNeeded: name.count) << 16 | UInt32(first) << 8 | UInt32(last)
    }

    /// Nil if the bytes are not an acceptable document.
    mutating func scanDocument() -> JSONView? {
        skipSpace()
        guard place < bytes.count, bytes[place] == UInt8(ascii: "{") || bytes[place] == UInt8(ascii: "["),
            let root = scanValue(depth: 0)
        else { return nil }
        skipSpace()
        guard place == bytes.count else { return nil }
        let range = root.start..<root.end
        return JSONView(bytes: UnsafeRawBufferPointer(rebasing: bytes[range]), kind: root.kind, hasEscapes: false)
    }

    // MARK: Values

    /// - Parameter depth: number of containers around the value.
    private mutating func scanValue(depth: Int) -> Found? {
        guard place < bytes.count else { return nil }
        guard valuesLeft > 0 else {
            failure = .tooManyValues
            return nil
        }
        valuesLeft -= 1
        let start = place
        switch bytes[start] {
        case UInt8(ascii: "\""):
            return scanString()
        case UInt8(ascii: "{"):
            guard mayOpen(depth), scanObject(depth: depth + 1) else { return nil }
            return Found(start: start, end: place, kind: .object)
        case UInt8(ascii: "["):
            guard mayOpen(depth), scanArray(depth: depth + 1) else { return nil }
            return Found(start: start, end: place, kind: .array)
        case UInt8(ascii: "t"): return scanWord("true", .bool)
        case UInt8(ascii: "f"): return scanWord("false", .bool)
        case UInt8(ascii: "n"): return scanWord("null", .null)
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
            guard let (end, isReal) = JSONNumber.scan(bytes, from: start) else { return nil }
            place = end
            return Found(start: start, end: end, kind: isReal ? .real : .integer)
        default: return nil
        }
    }

    private mutating func mayOpen(_ depth: Int) -> Bool {
        if depth < maximumDepth { return true }
        failure = .tooDeep
        return false
    }

    private mutating func scanWord(_ word: StaticString, _ kind: JSONValue.Kind) -> Found? {
        let start = place
        let end = start + word.utf8CodeUnitCount
        guard end <= bytes.count,
            isEqual(
                UnsafeRawBufferPointer(rebasing: bytes[start..<end]),
                UnsafeRawBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        else { return nil }
        place = end
        return Found(start: start, end: end, kind: kind)
    }

    private mutating func scanArray(depth: Int) -> Bool {
        place += 1
        skipSpace()
        if take(UInt8(ascii: "]")) { return true }
        repeat {
            skipSpace()
            guard scanValue(depth: depth) != nil else { return false }
            skipSpace()
        } while take(UInt8(ascii: ","))
        return take(UInt8(ascii: "]"))
    }

    private mutating func scanObject(depth: Int) -> Bool {
        place += 1
        skipSpace()
        if take(UInt8(ascii: "}")) { return true }
        let first = entries.count
        repeat {
            skipSpace()
            guard place < bytes.count, bytes[place] == UInt8(ascii: "\""), let key = scanString() else { return false }
            skipSpace()
            guard take(UInt8(ascii: ":")) else { return false }
            skipSpace()
            guard let value = scanValue(depth: depth) else { return false }
            entries.append(
                Entry(
                    keyStart: Int32(truncatingIfNeeded: key.start),
                    keyLength: Int32(truncatingIfNeeded: key.end - key.start),
                    valueStart: Int32(truncatingIfNeeded: value.start),
                    valueLength: Int32(truncatingIfNeeded: value.end - value.start),
                    tag: Self.tag(UnsafeRawBufferPointer(rebasing: bytes[key.start..<key.end])),
                    hasEscapedKey: key.hasEscapes, hasEscapedValue: value.hasEscapes, kind: value.kind))
            skipSpace()
        } while take(UInt8(ascii: ","))
        guard take(UInt8(ascii: "}")) else { return false }
        guard depth > strictness.distinctDepth || JSONNames.areDistinct(entries[first...], in: bytes) else {
            failure = .duplicateMember
            return false
        }
        // Only the members of the outermost object are kept.
        if depth > 1 { entries.removeSubrange(first...) }
        return true
    }

    // MARK: Strings

    private mutating func scanString() -> Found? {
        place += 1
        let start = place
        var hasEscapes = false
        while true {
            place = JSONBytes.nextSpecial(in: bytes, from: place)
            guard place < bytes.count else { return nil }
            switch bytes[place] {
            case UInt8(ascii: "\""):
                place += 1
                return Found(start: start, end: place - 1, kind: .string, hasEscapes: hasEscapes)
            case UInt8(ascii: "\\"):
                hasEscapes = true
                guard let end = JSONEscapes.end(of: place, in: bytes, acceptsZero: strictness.acceptsZero) else {
                    return nil
                }
                place = end
            case 0x80...:
                guard let end = JSONBytes.endOfScalar(in: bytes, from: place) else { return nil }
                place = end
            default: return nil
            }
        }
    }

    // MARK: Between values

    @inline(__always)
    private mutating func skipSpace() {
        if place < bytes.count, bytes[place] <= 0x20 { skipAllSpace() }
    }

    private mutating func skipAllSpace() {
        while place < bytes.count, bytes[place] <= 0x20 {
            switch bytes[place] {
            case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"): place += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard place < bytes.count, bytes[place] == byte else { return false }
        place += 1
        return true
    }
}
