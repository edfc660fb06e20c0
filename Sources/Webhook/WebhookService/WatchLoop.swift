import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// The event loop of all watches. Its thread has a lower priority than those that answer reviews, so that a review does
/// not wait while thousands of answers are read. It exists once somebody is to be watched.
final class WatchLoop: Sendable {
    /// With this, the thread still gets about a tenth of a core while reviews use all of it. That is enough for the
    /// largest number of questions. With less, load could delay answers, and `whenSilent: keep` would hide that.
    private static let niceness: Int32 = 10

    private let group = NIOLockedValueBox<MultiThreadedEventLoopGroup?>(nil)

    func get() -> any EventLoop {
        group.withLockedValue { group in
            if let group { return group.next() }
            let made = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            // On Linux, this affects only the calling thread. If it fails, the watch works with normal priority.
            made.next().execute { _ = nice(Self.niceness) }
            group = made
            return made.next()
        }
    }
}
