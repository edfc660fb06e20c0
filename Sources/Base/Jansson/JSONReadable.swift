/// A JSON value that claims, headers and requests are read from: a parsed tree, or a view of scanned bytes.
///
/// What reads tokens is written once, against this.
public protocol JSONReadable {
    associatedtype Child: JSONReadable where Child.Child == Child
    associatedtype Elements: Sequence where Elements.Element == Child

    /// A member by name; nil when there is none, or this is no object. A member that is `null` is there.
    subscript(_ name: StaticString) -> Child? { get }
    var kind: JSONValue.Kind { get }
    /// The text of a string.
    var string: String? { get }
    /// Lends the UTF-8 bytes of a string; nil when this is no string.
    func withStringBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result?
    /// The value of a number without fraction and exponent.
    var integer: Int64? { get }
    var bool: Bool? { get }
    /// The elements of an array.
    var array: Elements? { get }
    /// About how many elements an array has, to make room for them.
    var estimatedCount: Int { get }
}

extension JSONReadable {
    public var isNull: Bool { kind == .null }
}

extension JSONValue: JSONReadable {
    public var estimatedCount: Int { array?.count ?? 0 }
}
