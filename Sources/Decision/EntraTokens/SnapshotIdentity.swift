import Synchronization

/// Identifies a snapshot for the lifetime of the process. Unlike an address, it is never used again.
public struct SnapshotIdentity: Hashable, Sendable {
    private let number: UInt64
    private static let count = Atomic<UInt64>(0)

    /// A new identity on each call.
    public init() {
        number = Self.count.wrappingAdd(1, ordering: .relaxed).newValue
    }
}
