import CJansson

/// A view of a value. It keeps its document alive.
public struct JSONValue: Sendable {
    /// The JSON type; integers and reals are distinguished as they are written.
    public enum Kind: Hashable, Sendable {
        case object, array, string, integer, real, bool, null
    }

    let document: JSONDocument
    // Points into the document, which never changes.
    nonisolated(unsafe) let handle: UnsafeMutablePointer<json_t>

    /// The type of the value.
    public var kind: Kind {
        switch CJansson_json_typeof(handle) {
        case JSON_OBJECT: .object
        case JSON_ARRAY: .array
        case JSON_STRING: .string
        case JSON_INTEGER: .integer
        case JSON_REAL: .real
        case JSON_TRUE, JSON_FALSE: .bool
        default: .null
        }
    }

    /// A member by name; nil if it does not exist, or if this is not an object. A `null` member exists.
    public subscript(_ name: StaticString) -> JSONValue? {
        let key = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
        return view(json_object_getn(handle, key, name.utf8CodeUnitCount))
    }

    /// A member by a name that is known only at run time.
    public subscript(named name: String) -> JSONValue? {
        var name = name
        return name.withUTF8 { utf8 in
            utf8.withMemoryRebound(to: CChar.self) { key in
                key.baseAddress.flatMap { view(json_object_getn(handle, $0, key.count)) }
            }
        }
    }

    /// The value of a string; nil for other types.
    public var string: String? {
        withStringBytes { String(decoding: $0, as: UTF8.self) }
    }

    /// Calls a closure with the UTF-8 bytes of a string, valid only during the call; nil if this is not a string.
    public func withStringBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result? {
        guard let text = json_string_value(handle) else { return nil }
        let result = body(UnsafeRawBufferPointer(start: text, count: json_string_length(handle)))
        withExtendedLifetime(document) {}
        return result
    }

    /// The value of a number without fraction and exponent; nil for other types.
    public var integer: Int64? {
        guard kind == .integer else { return nil }
        return Int64(json_integer_value(handle))
    }

    /// The value of any number; nil for other types.
    public var number: Double? {
        kind == .integer || kind == .real ? json_number_value(handle) : nil
    }

    /// The value of a boolean; nil for other types.
    public var bool: Bool? {
        kind == .bool ? CJansson_json_is_true(handle) != 0 : nil
    }

    /// Whether this is `null`.
    public var isNull: Bool { kind == .null }

    /// The elements of an array; nil for other types.
    public var array: JSONArray? {
        kind == .array ? JSONArray(value: self) : nil
    }

    /// The members of an object in their original order; nil for other types.
    public var members: [(name: String, value: JSONValue)]? {
        guard kind == .object else { return nil }
        var members: [(name: String, value: JSONValue)] = []
        members.reserveCapacity(json_object_size(handle))
        var position = json_object_iter(handle)
        while let current = position {
            if let key = json_object_iter_key(current), let value = view(json_object_iter_value(current)) {
                let bytes = UnsafeRawBufferPointer(start: key, count: json_object_iter_key_len(current))
                members.append((String(decoding: bytes, as: UTF8.self), value))
            }
            position = json_object_iter_next(handle, current)
        }
        return members
    }

    /// A string, number or boolean as text; nil for other types.
    public var scalarText: String? {
        switch kind {
        case .string: string
        case .integer: integer.map { String($0) }
        case .real: number.map { "\($0)" }
        case .bool: bool.map { String($0) }
        case .object, .array, .null: nil
        }
    }

    func view(_ handle: UnsafeMutablePointer<json_t>?) -> JSONValue? {
        handle.map { JSONValue(document: document, handle: $0) }
    }
}

/// The elements of an array, read in place.
public struct JSONArray: Sequence, Sendable {
    let value: JSONValue

    /// Number of elements.
    public var count: Int { json_array_size(value.handle) }

    /// The element at an index; nil outside of the array.
    public subscript(index: Int) -> JSONValue? {
        guard index >= 0 else { return nil }
        return value.view(json_array_get(value.handle, index))
    }

    /// Goes through the elements in order.
    public struct Iterator: IteratorProtocol {
        let array: JSONArray
        var index = 0

        public mutating func next() -> JSONValue? {
            defer { index += 1 }
            return array[index]
        }
    }

    public func makeIterator() -> Iterator { Iterator(array: self) }
}
