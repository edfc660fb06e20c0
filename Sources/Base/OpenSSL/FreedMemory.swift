import COpenSSL
import Synchronization

/// Counts memory that idle connections have freed but that the C library keeps for the process. After many connections
/// were busy at once, this can be most of the process's memory, in pieces between memory that is still used.
public final class FreedMemory: Sendable {
    /// Number of freed bytes that are worth a search for whole pages, which takes some milliseconds.
    static let worthwhile = 4 << 20

    /// The count for all connections of the process.
    public static let ofConnections = FreedMemory()

    private let bytes = Atomic<Int>(0)
    private let bytesBefore = Atomic<Int>(0)

    init() {}

    /// Counts what was just freed.
    public func add(_ count: Int) { bytes.add(count, ordering: .relaxed) }

    /// Whether at least ``worthwhile`` bytes were freed, and none since the last call. If so, counting starts again. To
    /// be called about once a second, by one thread.
    public func hasSettled() -> Bool {
        let now = bytes.load(ordering: .relaxed)
        guard bytesBefore.exchange(now, ordering: .relaxed) == now, now >= Self.worthwhile else { return false }
        bytes.subtract(now, ordering: .relaxed)
        return true
    }

    /// Gives whole pages back to the system. Other threads that allocate may have to wait, so it is for quiet moments.
    public static func giveBack() { _ = malloc_trim(0) }
}
