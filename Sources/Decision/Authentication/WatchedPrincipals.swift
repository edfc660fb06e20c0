public import Entra

/// Watched principals by object ID.
///
/// They are kept in many small dictionaries. While decisions still use an earlier value, a change copies only one of
/// these; to copy and free a single dictionary of thousands of principals would take milliseconds.
public struct WatchedPrincipals: Sendable, ExpressibleByDictionaryLiteral {
    private static let partCount = 128

    private var parts = [[GUID: WatchedPrincipal]](repeating: [:], count: partCount)

    /// What is known of each principal, by its ID. If an ID occurs twice, the last value counts.
    public init(dictionaryLiteral elements: (GUID, WatchedPrincipal)...) {
        for (id, principal) in elements { self[id] = principal }
    }

    /// What is known of a principal; nil if it is not watched.
    public subscript(id: GUID) -> WatchedPrincipal? {
        get { parts[Self.part(of: id)][id] }
        set { parts[Self.part(of: id)][id] = newValue }
    }

    /// Whether nobody is watched.
    public var isEmpty: Bool { parts.allSatisfy(\.isEmpty) }

    /// What is known of each principal, in no order.
    public var values: some Sequence<WatchedPrincipal> { parts.lazy.flatMap(\.values) }

    private static func part(of id: GUID) -> Int { Int(truncatingIfNeeded: id.folded % UInt64(partCount)) }
}
