public import Entra

/// Watched principals by object ID.
///
/// They are kept in many small dictionaries. A change copies one of them while decisions still use the former value,
/// and ends only that one when they no longer do; with thousands of principals, a single dictionary takes milliseconds.
public struct WatchedPrincipals: Sendable, ExpressibleByDictionaryLiteral {
    private static let partCount = 128

    private var parts = [[GUID: WatchedPrincipal]](repeating: [:], count: partCount)

    /// What is known of each principal by its ID; of one that is there twice, the last.
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
