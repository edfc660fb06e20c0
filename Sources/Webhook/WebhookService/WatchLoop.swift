import Glibc
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// The event loop of all watches. Its thread has a lower priority than those that answer reviews, so that a review does
/// not wait while thousands of answers are read. It exists once somebody is to be watched.
final class WatchLoop: Sendable {
    /// Still a tenth of a core where reviews use all of it: enough for the largest number of questions, since `keep`
    /// would otherwise let load hide a change.
    private static let niceness: Int32 = 10

    private let group = NIOLockedValueBox<MultiThreadedEventLoopGroup?>(nil)

    func get() -> any EventLoop {
        group.withLockedValue { group in
            if let group { return group.next() }
            let made = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            // On Linux this concerns the calling thread only. Where it is not permitted, the watch works the same.
            made.next().execute { _ = nice(Self.niceness) }
            group = made
            return made.next()
        }
    }
}
