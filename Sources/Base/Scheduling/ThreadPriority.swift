import CLinux
import Glibc

/// What the kernel's scheduler knows of a thread (sched(7)).
public struct ThreadPriority: Hashable, Sendable {
    /// From -20, the first to run, to 19.
    public var niceness: Int
    /// How long the thread may run before others get their turn; nil for a kernel before 6.12, which has one time for
    /// all.
    public var slice: Duration?

    /// The priority of a thread whose work can wait, beside threads on which somebody waits.
    ///
    /// It still gets about a tenth of a core while others use all of it. Since Linux 6.6, a thread that wakes up does
    /// not interrupt another one before the other's time is over, whatever their priorities. But it does if its own
    /// time is shorter (since 6.12), so the time of this one is the longest possible.
    public static let background = ThreadPriority(niceness: 10, slice: .milliseconds(100))

    /// That of the calling thread; nil if the kernel does not say.
    public static var current: ThreadPriority? {
        var attributes = CLinux_sched_attr()
        guard CLinux_sched_getattr(&attributes) == 0 else { return nil }
        let slice = attributes.sched_runtime
        return ThreadPriority(
            niceness: Int(attributes.sched_nice), slice: slice == 0 ? nil : .nanoseconds(Int64(clamping: slice)))
    }

    /// Gives the calling thread this priority. On Linux that affects no other thread of the process.
    ///
    /// - Returns: false if the kernel refuses, as it does for a lower niceness than before.
    @discardableResult
    public func apply() -> Bool {
        var attributes = CLinux_sched_attr()
        attributes.size = UInt32(MemoryLayout<CLinux_sched_attr>.size)
        attributes.sched_policy = UInt32(SCHED_OTHER)
        attributes.sched_nice = Int32(clamping: niceness)
        if let slice {
            let (seconds, attoseconds) = slice.components
            attributes.sched_runtime = UInt64(clamping: seconds * 1_000_000_000 + attoseconds / 1_000_000_000)
        }
        // A filter of system calls may know only the older call.
        return CLinux_sched_setattr(&attributes) == 0
            || setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Int32(clamping: niceness)) == 0
    }
}
