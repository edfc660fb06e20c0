internal import Glibc
import NIOPosix
import Synchronization

/// Writes whole lines to a descriptor from a thread of its own, so that a slow reader never holds up a review.
///
/// The queue is bounded; a line that does not fit is dropped and counted.
public final class LineWriter: Sendable {
    private struct State {
        var lines: [[UInt8]] = []
        var queuedBytes = 0
        var isDraining = false
        var dropped = 0
    }

    private static let maximumQueuedBytes = 4 << 20

    private let descriptor: Int32
    private let pool: NIOThreadPool
    private let state = Mutex(State())
    private let writeLock = Mutex(())

    /// - Parameter descriptor: stays open as long as the writer lives; 2 for standard error.
    public init(descriptor: Int32) {
        self.descriptor = descriptor
        pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
    }

    /// Lines that were dropped since the last time this was asked.
    public func takeDropped() -> Int {
        state.withLock { state in
            defer { state.dropped = 0 }
            return state.dropped
        }
    }

    /// Queues a line, which ends with a line feed.
    public func write(_ line: [UInt8]) {
        let mustStart = state.withLock { state in
            guard state.queuedBytes + line.count <= Self.maximumQueuedBytes else {
                state.dropped += 1
                return false
            }
            state.lines.append(line)
            state.queuedBytes += line.count
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if mustStart { pool.submit { _ in self.drain() } }
    }

    /// Writes what is queued, on the calling thread. At the end of the program.
    public func flush() {
        drain()
    }

    private func drain() {
        writeLock.withLock { _ in
            while true {
                let lines = state.withLock { state in
                    let lines = state.lines
                    state.lines = []
                    state.queuedBytes = 0
                    if lines.isEmpty { state.isDraining = false }
                    return lines
                }
                if lines.isEmpty { return }
                for line in lines { writeWhole(line) }
            }
        }
    }

    private func writeWhole(_ line: [UInt8]) {
        line.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count > 0 {
                    rest = rest.dropFirst(count)
                } else if errno == EAGAIN {
                    var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&waiting, 1, 1000)
                } else if errno != EINTR {
                    return  // Nobody is left to tell.
                }
            }
        }
    }
}
