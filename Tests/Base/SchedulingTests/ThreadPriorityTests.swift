import Glibc
import Scheduling
import Synchronization
import Testing

/// What the kernel takes and gives back.
@Suite struct ThreadPriorityTests {
    /// Runs on a thread that ends afterwards: its priority cannot be raised again.
    private static func onThread(_ body: @escaping @Sendable () -> Void) {
        let box = Unmanaged.passRetained(Box(body))
        var thread = pthread_t()
        let status = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                Unmanaged<Box>.fromOpaque(context).takeRetainedValue().body()
                return nil
            }, box.toOpaque())
        guard status == 0 else { return box.release() }
        pthread_join(thread, nil)
    }

    private final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    @Test("a background thread gives way, and no other thread of the process changes")
    func background() throws {
        let before = try #require(ThreadPriority.current)
        let found = Mutex<(isApplied: Bool, priority: ThreadPriority?)>((false, nil))
        Self.onThread {
            let isApplied = ThreadPriority.background.apply()
            found.withLock { $0 = (isApplied, .current) }
        }
        let (isApplied, priority) = found.withLock { $0 }
        #expect(isApplied && priority?.niceness == 10)
        // Older kernels have no time for each thread.
        if let slice = priority?.slice { #expect(slice == .milliseconds(100)) }
        #expect(ThreadPriority.current == before)
    }
}
