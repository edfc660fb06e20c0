/// JSON that was read in one pass and found valid, with the members of its outermost object.
///
/// It refuses exactly what ``JSONDocument`` refuses with the same bounds: repeated members however they are escaped,
/// trailing bytes, invalid UTF-8, lone surrogates, the character 0, numbers out of range, and more depth or values
/// than asked for. It makes no tree, so that its cost follows the bytes and not what they say.
public struct ScannedJSON: JSONReadable {
    public let root: JSONView
    /// Empty when the root is an array.
    private let entries: [JSONScanner.Entry]
    private let bytes: UnsafeRawBufferPointer

    /// Scans `bytes`, which must stay where they are for as long as this or a view of it is used.
    ///
    /// - Parameters:
    ///   - maximumBytes: more than that is refused unread.
    ///   - maximumDepth: how deep objects and arrays may stand in each other; 1 is a flat object.
    ///   - maximumValues: how many values there may be, the outermost and those within others included.
    public init(
        scanning bytes: UnsafeRawBufferPointer,
        maximumBytes: Int = 1 << 20,
        maximumDepth: Int = 32,
        maximumValues: Int = .max
    ) throws(JSONError) {
        guard bytes.count <= min(maximumBytes, Int(Int32.max)) else { throw JSONError(.tooLarge) }
        var scanner = JSONScanner(bytes, maximumDepth: maximumDepth, maximumValues: maximumValues)
        guard let root = scanner.scanDocument() else { throw JSONError(scanner.failure) }
        self.root = root
        self.bytes = bytes
        entries = scanner.entries
    }

    public subscript(_ name: StaticString) -> JSONView? {
        let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        let tag = JSONScanner.tag(wanted)
        for entry in entries {
            // A tag is of the bytes as they are written, so an escaped name is always decoded.
            guard entry.tag == tag || entry.hasEscapedKey, entry.key(in: bytes).isString(wanted) else { continue }
            return entry.value(in: bytes)
        }
        return nil
    }

    public var kind: JSONValue.Kind { root.kind }
    public var string: String? { nil }
    public func withStringBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? { nil }
    public var integer: Int64? { nil }
    public var bool: Bool? { nil }
    public var array: JSONElements? { root.array }
    public var estimatedCount: Int { root.estimatedCount }
}
