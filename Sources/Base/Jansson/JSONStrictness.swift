/// What ``ScannedJSON`` refuses beyond invalid JSON.
public struct JSONStrictness: Sendable, Hashable {
    /// Whether strings may contain the character 0, as an escape sequence.
    public var acceptsZero: Bool
    /// Objects up to this depth must not have two members of one name; 1 is the outermost object.
    public var distinctDepth: Int

    /// - Parameters:
    ///   - acceptsZero: whether strings may contain the character 0, as an escape sequence.
    ///   - distinctDepth: objects up to this depth must not have two members of one name; 1 is the outermost object.
    public init(acceptsZero: Bool = false, distinctDepth: Int = .max) {
        self.acceptsZero = acceptsZero
        self.distinctDepth = distinctDepth
    }

    /// As strict as ``JSONDocument``.
    public static let full = JSONStrictness()
}
