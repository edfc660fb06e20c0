/// JSON that was read in one pass and is valid, with the members of its outermost object.
///
/// Unless its strictness says otherwise, it refuses exactly what ``JSONDocument`` refuses with the same limits:
/// duplicate members however they are escaped, trailing bytes, invalid UTF-8, lone surrogates, the character 0, numbers
/// out of range, and too much depth or too many values. It builds no tree, so its cost depends only on the number of
/// bytes.
public struct ScannedJSON: JSONReadable {
    /// The outermost value, an object or an array.
    public let root: JSONView
    /// Empty if the root is an array.
    private let entries: [JSONScanner.Entry]
    private let bytes: UnsafeRawBufferPointer

    /// Scans bytes, which must stay in place as long as this value or a view of it is used.
    ///
    /// - Parameters:
    ///   - maximumBytes: larger documents are refused without being read.
    ///   - maximumDepth: how deeply objects and arrays may be nested; 1 is a flat object.
    ///   - maximumValues: largest number of values, nested ones and the outermost included.
    ///   - strictness: what is accepted that ``JSONDocument`` refuses.
    /// - Throws: ``JSONError`` if the bytes are not an acceptable document.
    public init(
        scanning bytes: UnsafeRawBufferPointer,
        maximumBytes: Int = 1 << 20,
        maximumDepth: Int = 32,
        maximumValues: Int = .max,
        strictness: JSONStrictness = .full
    ) throws(JSONError) {
        guard bytes.count <= min(maximumBytes, Int(Int32.max)) else { throw JSONError(.tooLarge) }
        var scanner = JSONScanner(
            bytes, maximumDepth: maximumDepth, maximumValues: maximumValues, strictness: strictness)
        guard let root = scanner.scanDocument() else { throw JSONError(scanner.failure) }
        self.root = root
        self.bytes = bytes
        entries = scanner.entries
    }

    /// A member of the outermost object; nil if it does not exist.
    public subscript(_ name: StaticString) -> JSONView? {
        let wanted = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
        let tag = JSONScanner.tag(wanted)
        for entry in entries {
            // The tag depends on the bytes as written, so a name with escapes is always decoded.
            guard entry.tag == tag || entry.hasEscapedKey, entry.key(in: bytes).isString(wanted) else { continue }
            return entry.value(in: bytes)
        }
        return nil
    }

    /// Calls a closure with each member that a list names, and the number of its name in the list.
    public func forEachMember(of names: JSONNameList, _ body: (_ number: Int, _ value: JSONView) -> Void) {
        for entry in entries {
            let number =
                if entry.hasEscapedKey {
                    JSONEscapes.decode(entry.key(in: bytes).bytes).withUnsafeBytes {
                        names.number(of: $0, tag: JSONScanner.tag($0))
                    }
                } else {
                    names.number(of: entry.key(in: bytes).bytes, tag: entry.tag)
                }
            if let number { body(number, entry.value(in: bytes)) }
        }
    }

    /// Object or array.
    public var kind: JSONValue.Kind { root.kind }
    /// Always nil: the root is not a string.
    public var string: String? { nil }
    /// Always nil: the root is not a string.
    public func withStringBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? { nil }
    /// Always nil: the root is not a number.
    public var integer: Int64? { nil }
    /// Always nil: the root is not a boolean.
    public var bool: Bool? { nil }
    /// The elements, if the root is an array.
    public var array: JSONElements? { root.array }
    /// Estimated number of elements, if the root is an array.
    public var estimatedCount: Int { root.estimatedCount }
}
