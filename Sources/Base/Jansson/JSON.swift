import CJansson

/// A JSON value to be written. Members keep their order.
public indirect enum JSON: Sendable {
    case object([(String, JSON)])
    case array([JSON])
    case string(String)
    case integer(Int64)
    case real(Double)
    case bool(Bool)
    case null

    /// A copy of a parsed value.
    public init(_ value: JSONValue) {
        switch value.kind {
        case .object: self = .object((value.members ?? []).map { ($0.name, JSON($0.value)) })
        case .array: self = .array(value.array?.map { JSON($0) } ?? [])
        case .string: self = .string(value.string ?? "")
        case .integer: self = .integer(value.integer ?? 0)
        case .real: self = .real(value.number ?? 0)
        case .bool: self = .bool(value.bool ?? false)
        case .null: self = .null
        }
    }

    /// A string, or null for nil.
    public init(_ text: String?) {
        self = text.map { .string($0) } ?? .null
    }

    /// An array of strings.
    public init(_ texts: [String]) {
        self = .array(texts.map { .string($0) })
    }

    /// The JSON text in UTF-8; with `pretty`, indented by two spaces.
    public func render(pretty: Bool = false) -> [UInt8] {
        JanssonMemory.prepare()
        guard let value = makeValue() else { return Array("null".utf8) }
        defer { CJansson_json_decref(value) }
        var flags = Int(JSON_ENCODE_ANY)
        if pretty { flags |= 2 } else { flags |= Int(JSON_COMPACT) }
        var output: [UInt8] = []
        let status = withUnsafeMutablePointer(to: &output) { pointer in
            json_dump_callback(
                value,
                { text, count, context in
                    guard let text, let context else { return -1 }
                    context.assumingMemoryBound(to: [UInt8].self).pointee
                        .append(contentsOf: UnsafeRawBufferPointer(start: text, count: count))
                    return 0
                }, pointer, flags)
        }
        return status == 0 ? output : Array("null".utf8)
    }

    /// Like ``render(pretty:)``, as a string.
    public func text(pretty: Bool = false) -> String {
        String(decoding: render(pretty: pretty), as: UTF8.self)
    }

    /// A new reference; nil if memory is short or a number is not finite.
    private func makeValue() -> UnsafeMutablePointer<json_t>? {
        switch self {
        case .object(let members):
            guard let object = json_object() else { return nil }
            for (name, member) in members {
                // The setter takes over the reference, also if it fails.
                var name = name
                let value = member.makeValue() ?? json_null()
                _ = name.withUTF8 { utf8 in
                    utf8.withMemoryRebound(to: CChar.self) { key in
                        json_object_setn_new_nocheck(object, key.baseAddress, key.count, value)
                    }
                }
            }
            return object
        case .array(let elements):
            guard let array = json_array() else { return nil }
            for element in elements { json_array_append_new(array, element.makeValue() ?? json_null()) }
            return array
        case .string(var text):
            guard !text.isEmpty else { return json_string_nocheck("") }
            return text.withUTF8 { utf8 in
                utf8.withMemoryRebound(to: CChar.self) { json_stringn_nocheck($0.baseAddress, $0.count) }
            }
        case .integer(let number): return json_integer(json_int_t(number))
        case .real(let number): return json_real(number)
        case .bool(let flag): return flag ? json_true() : json_false()
        case .null: return json_null()
        }
    }
}

extension JSON: ExpressibleByStringLiteral {
    /// A string, from a literal in the source.
    public init(stringLiteral text: String) { self = .string(text) }
}
