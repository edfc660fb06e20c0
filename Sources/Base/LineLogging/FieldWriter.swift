/// Takes the fields of a line one after the other.
public protocol FieldWriter: ~Copyable {
    /// A field with any string.
    mutating func add(_ name: StaticString, _ value: String)
    /// A field with ASCII letters, digits and hyphens, which need no look.
    ///
    /// - Parameters:
    ///   - count: how many bytes the value has.
    ///   - write: writes all of them.
    mutating func add(_ name: StaticString, plain count: Int, _ write: (UnsafeMutableRawBufferPointer) -> Void)
    /// A field with a number, which is one in JSON too.
    mutating func add(_ name: StaticString, _ number: Int64)
    /// A field with a truth value, which is one in JSON too.
    mutating func add(_ name: StaticString, _ flag: Bool)
}
