internal import Synchronization

/// Tells snapshots apart for as long as the process lives, also when one takes the memory of another.
public struct SnapshotIdentity: Hashable, Sendable {
    private let number: UInt64
    private static let count = Atomic<UInt64>(0)

    /// Another one each time.
    public init() {
        number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
    }
}
