/// Takes the fields of a line one after the other.
public protocol FieldWriter: ~Copyable {
    /// A field with any string.
    mutating func add(_ name: StaticString, _ value: String)
    /// A field with ASCII letters, digits and hyphens, which need no escaping.
    ///
    /// - Parameters:
    ///   - count: how many bytes the value has.
    ///   - write: writes all of them.
    mutating func add(_ name: StaticString, plain count: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void)
    /// A field with a number, which is also a number in JSON.
    mutating func add(_ name: StaticString, _ number: Int64)
    /// A field with a boolean, which is also a boolean in JSON.
    mutating func add(_ name: StaticString, _ flag: Bool)
}
