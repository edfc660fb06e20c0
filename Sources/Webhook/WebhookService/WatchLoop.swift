import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Scheduling

/// The event loop of all watches. Its thread has a lower priority than those that answer reviews, so that a review does
/// not wait while thousands of answers are read. It exists once somebody is to be watched.
final class WatchLoop: Sendable {
    private let group = NIOLockedValueBox<MultiThreadedEventLoopGroup?>(nil)

    func get() -> any EventLoop {
        group.withLockedValue { group in
            if let group { return group.next() }
            let made = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            // A tenth of a core is enough for the largest number of questions. With less, load could delay answers, and
            // `whenSilent: keep` would hide that. If it fails, the watch works with normal priority.
            made.next().execute { ThreadPriority.background.apply() }
            group = made
            return made.next()
        }
    }
}
