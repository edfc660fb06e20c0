import COpenSSL
import Synchronization

/// What idle connections have freed, and the C library keeps for the process. After many connections were busy at once
/// that can be most of its memory, in pieces between what is still used.
public final class FreedMemory: Sendable {
    /// From so many bytes on, looking for whole pages among them is worth the work: some milliseconds.
    static let worthwhile = 4 << 20

    /// What all connections of the process have freed.
    public static let ofConnections = FreedMemory()

    private let bytes = Atomic<Int>(0)
    private let bytesBefore = Atomic<Int>(0)

    init() {}

    /// Counts what was just freed.
    public func add(_ count: Int) { bytes.add(count, ordering: .relaxed) }

    /// Whether much was freed, and nothing more since the last call: to be called about once a second, by one thread.
    public func hasSettled() -> Bool {
        let now = bytes.load(ordering: .relaxed)
        guard bytesBefore.exchange(now, ordering: .relaxed) == now, now >= Self.worthwhile else { return false }
        bytes.subtract(now, ordering: .relaxed)
        return true
    }

    /// Gives whole pages back to the system. Other threads that allocate may have to wait, so it is for quiet moments.
    public static func giveBack() { _ = malloc_trim(0) }
}
