internal import CJansson

/// A parsed JSON document, the owner of jansson's values.
///
/// Parsing is strict: one object or array, no repeated members however they are escaped, no trailing bytes, valid
/// UTF-8 without NUL, numbers in range, and caps on size and depth.
// Sendable without checks: the values are only read after init, and jansson's reference counts are not touched.
public final class JSONDocument: @unchecked Sendable {
    let handle: UnsafeMutablePointer<json_t>

    /// Parses `bytes`.
    ///
    /// - Parameters:
    ///   - maximumBytes: more than that is refused unread.
    ///   - maximumDepth: how deep objects and arrays may stand in each other; 1 is a flat object.
    public init(
        parsing bytes: UnsafeRawBufferPointer,
        maximumBytes: Int = 1 << 20,
        maximumDepth: Int = 32
    ) throws(JSONError) {
        handle = try JSONDocument.parse(bytes, maximumBytes: maximumBytes, maximumDepth: maximumDepth)
    }

    /// Parses `bytes`.
    public init(
        parsing bytes: [UInt8],
        maximumBytes: Int = 1 << 20,
        maximumDepth: Int = 32
    ) throws(JSONError) {
        handle = try bytes.withUnsafeBytes { bytes in
            Result { () throws(JSONError) in
                try JSONDocument.parse(bytes, maximumBytes: maximumBytes, maximumDepth: maximumDepth)
            }
        }.get()
    }

    /// An object without members.
    public static let emptyObject: JSONDocument = {
        JanssonMemory.prepare()
        return JSONDocument(taking: json_object())
    }()

    /// Never nil in practice: jansson's own constants need no memory.
    private init(taking object: UnsafeMutablePointer<json_t>?) {
        handle = object ?? json_null()
    }

    deinit {
        CJansson_json_decref(handle)
    }

    /// The outermost value, an object or an array.
    public var root: JSONValue { JSONValue(document: self, handle: handle) }

    private static func parse(
        _ bytes: UnsafeRawBufferPointer,
        maximumBytes: Int,
        maximumDepth: Int
    ) throws(JSONError) -> UnsafeMutablePointer<json_t> {
        guard bytes.count <= maximumBytes else { throw JSONError(.tooLarge) }
        guard isDepth(of: bytes, atMost: maximumDepth) else { throw JSONError(.tooDeep) }
        JanssonMemory.prepare()
        guard let base = bytes.assumingMemoryBound(to: CChar.self).baseAddress else { throw JSONError(.invalid) }
        var error = json_error_t()
        guard let root = json_loadb(base, bytes.count, Int(JSON_REJECT_DUPLICATES), &error) else {
            // json_error_t's text is left alone: it repeats what was read.
            let isDuplicate = json_error_code(&error) == json_error_duplicate_key
            throw JSONError(
                isDuplicate ? .duplicateMember : .invalid,
                line: Int(max(error.line, 1)),
                column: Int(max(error.column, 1))
            )
        }
        return root
    }

    /// Counts brackets outside of strings, so that jansson never recurses deeper than allowed.
    private static func isDepth(of bytes: UnsafeRawBufferPointer, atMost maximum: Int) -> Bool {
        var depth = 0
        var inString = false
        var escaped = false
        for byte in bytes {
            if inString {
                if escaped {
                    escaped = false
                } else if byte == UInt8(ascii: "\\") {
                    escaped = true
                } else if byte == UInt8(ascii: "\"") {
                    inString = false
                }
            } else if byte == UInt8(ascii: "\"") {
                inString = true
            } else if byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") {
                depth += 1
                if depth > maximum { return false }
            } else if byte == UInt8(ascii: "}") || byte == UInt8(ascii: "]") {
                depth -= 1
            }
        }
        return true
    }
}
