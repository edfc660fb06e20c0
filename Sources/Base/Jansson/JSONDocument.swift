import CJansson

/// A parsed JSON document; it owns jansson's values.
///
/// Parsing is strict: one object or array, no duplicate members however they are escaped, no trailing bytes, valid
/// UTF-8 without NUL, numbers in range, and limits on size, depth and number of values.
// Sendable without checks: the values are only read after init, and jansson's reference counts are not touched.
public final class JSONDocument: @unchecked Sendable {
    let handle: UnsafeMutablePointer<json_t>

    /// Parses a document.
    ///
    /// - Parameters:
    ///   - maximumBytes: larger documents are refused without being read.
    ///   - maximumDepth: how deeply objects and arrays may be nested; 1 is a flat object.
    ///   - maximumValues: objects, arrays, strings, numbers and literals together, without member names. Each needs
    ///     about a hundred bytes of memory, so a small document could otherwise need very much.
    /// - Throws: ``JSONError`` if the bytes are not an acceptable document.
    public init(
        parsing bytes: UnsafeRawBufferPointer,
        maximumBytes: Int = 1 << 20,
        maximumDepth: Int = 32,
        maximumValues: Int = defaultMaximumValues
    ) throws(JSONError) {
        let limits = Limits(bytes: maximumBytes, depth: maximumDepth, values: maximumValues)
        handle = try JSONDocument.parse(bytes, limits)
    }

    /// The largest number of values unless the caller sets another limit.
    public static let defaultMaximumValues = 200_000

    /// Parses a document, like ``init(parsing:maximumBytes:maximumDepth:maximumValues:)`` with a buffer.
    ///
    /// - Throws: ``JSONError`` if the bytes are not an acceptable document.
    public init(
        parsing bytes: [UInt8],
        maximumBytes: Int = 1 << 20,
        maximumDepth: Int = 32,
        maximumValues: Int = defaultMaximumValues
    ) throws(JSONError) {
        let limits = Limits(bytes: maximumBytes, depth: maximumDepth, values: maximumValues)
        handle = try bytes.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in try JSONDocument.parse(bytes, limits) }
        }.get()
    }

    /// An object without members.
    public static let emptyObject: JSONDocument = {
        JanssonMemory.prepare()
        return JSONDocument(taking: json_object())
    }()

    /// Falls back to null, a constant of jansson that needs no memory.
    private init(taking object: UnsafeMutablePointer<json_t>?) {
        handle = object ?? json_null()
    }

    deinit {
        CJansson_json_decref(handle)
    }

    /// The outermost value, an object or an array.
    public var root: JSONValue { JSONValue(document: self, handle: handle) }

    private struct Limits {
        var bytes: Int
        var depth: Int
        var values: Int
    }

    private static func parse(
        _ bytes: UnsafeRawBufferPointer, _ limits: Limits
    ) throws(JSONError) -> UnsafeMutablePointer<json_t> {
        guard bytes.count <= limits.bytes else { throw JSONError(.tooLarge) }
        try check(bytes, limits)
        JanssonMemory.prepare()
        guard let base = bytes.assumingMemoryBound(to: CChar.self).baseAddress else { throw JSONError(.invalid) }
        var error = json_error_t()
        guard let root = json_loadb(base, bytes.count, Int(JSON_REJECT_DUPLICATES), &error) else {
            // The text of json_error_t is not used: it repeats input.
            let isDuplicate = json_error_code(&error) == json_error_duplicate_key
            throw JSONError(
                isDuplicate ? .duplicateMember : .invalid,
                line: Int(max(error.line, 1)),
                column: Int(max(error.column, 1))
            )
        }
        return root
    }

    /// Counts brackets and commas outside of strings, so that jansson never nests deeper, and never creates more
    /// values, than allowed. Also refuses every NUL, because jansson ignores one directly after a number or a literal.
    private static func check(_ bytes: UnsafeRawBufferPointer, _ limits: Limits) throws(JSONError) {
        var depth = 0
        // Every value except the outermost is the first of its container or follows a comma. An empty container counts
        // as if it had one value.
        var values = 1
        var inString = false
        var escaped = false
        for byte in bytes {
            if byte == 0 { throw JSONError(.invalid) }
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
                continue
            }
            switch byte {
            case UInt8(ascii: "\""): inString = true
            case UInt8(ascii: ","): values += 1
            case UInt8(ascii: "{"), UInt8(ascii: "["):
                depth += 1
                values += 1
                if depth > limits.depth { throw JSONError(.tooDeep) }
            case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
            default: continue
            }
            if values > limits.values { throw JSONError(.tooManyValues) }
        }
    }
}
