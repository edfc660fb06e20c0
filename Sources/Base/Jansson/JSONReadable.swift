/// A JSON value to read from: a parsed tree, or a view of scanned bytes.
///
/// Code that reads tokens and requests is written once, for this protocol.
public protocol JSONReadable<Child> {
    associatedtype Child: JSONReadable where Child.Child == Child
    associatedtype Elements: Sequence where Elements.Element == Child

    /// A member by name; nil if it does not exist, or if this is not an object. A `null` member exists.
    subscript(_ name: StaticString) -> Child? { get }
    /// Calls a closure with each member that a list names, and the number of its name in the list.
    func forEachMember(of names: JSONNameList, _ body: (_ number: Int, _ value: Child) -> Void)
    /// The type of the value.
    var kind: JSONValue.Kind { get }
    /// The value of a string; nil for other types.
    var string: String? { get }
    /// Calls a closure with the UTF-8 bytes of a string, valid only during the call; nil if this is not a string.
    func withStringBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result?
    /// The UTF-8 bytes of a string in the document, valid as long as those of the document; nil if the string has
    /// escapes or is not in a document, and for other types.
    var plainBytes: UnsafeRawBufferPointer? { get }
    /// The value of a number without fraction and exponent; nil for other types.
    var integer: Int64? { get }
    /// The value of a boolean; nil for other types.
    var bool: Bool? { get }
    /// The elements of an array; nil for other types.
    var array: Elements? { get }
    /// Estimated number of elements of an array, to reserve memory.
    var estimatedCount: Int { get }
}

extension JSONReadable {
    /// Nil, because the value is not a part of a document's bytes.
    public var plainBytes: UnsafeRawBufferPointer? { nil }

    /// Looks up one name after the other.
    public func forEachMember(of names: JSONNameList, _ body: (_ number: Int, _ value: Child) -> Void) {
        for (number, name) in names.names.enumerated() {
            if let value = self[name] { body(number, value) }
        }
    }

    /// Whether this is `null`.
    public var isNull: Bool { kind == .null }
}

extension JSONValue: JSONReadable {
    /// Number of elements of an array; 0 for other types.
    public var estimatedCount: Int { array?.count ?? 0 }
}
