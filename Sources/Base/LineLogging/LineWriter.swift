import Glibc
import NIOConcurrencyHelpers
import NIOPosix

/// Writes whole lines on its own thread, so that a slow reader or a full disk never delays a review.
///
/// The queue is bounded. A line that does not fit is dropped and counted.
public final class LineWriter: Sendable {
    /// Numbers of lines that were not written.
    public struct Losses: Sendable, Hashable {
        /// Lines that did not fit into the queue.
        public var queueFull = 0
        /// Number of lines that were lost because the system refused to write them.
        public var writeFailed = 0
    }

    private struct State {
        var queue = LineQueue()
        var isDraining = false
        var mustReopen = false
        var mustLook = false
        var losses = Losses()
    }

    private static let maximumQueuedBytes = 4 << 20
    private static let longestFlush = 2.0
    /// How long the thread collects lines after a write, in microseconds. At thousands of lines a second, waking it for
    /// each line would cost the event loops about as much time as the signature checks. After a quiet time, the first
    /// line is written at once.
    private static let collectingTime: UInt32 = 10_000

    private let sink: any LineSink
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let state = NIOLockedValueBox(State())
    /// Lines that were taken out of the queue; the lock is held while they are written.
    private let turn = NIOLockedValueBox(LineQueue())

    /// - Parameter sink: the destination; only the writer's thread uses it.
    public init(sink: any LineSink) {
        self.sink = sink
        pool.start()
    }

    /// - Parameter descriptor: must stay open as long as the writer lives; 2 for standard error.
    public convenience init(descriptor: Int32) {
        self.init(sink: DescriptorSink(descriptor: descriptor))
    }

    /// Appends to a file. Creates it, readable only for its owner, if it does not exist. Nil if it cannot be opened.
    public convenience init?(appendingTo path: String) {
        let file = AppendingFile(path: path)
        guard file.isOpen else { return nil }
        self.init(sink: file)
    }

    /// Lines lost since the previous call.
    public func takeLosses() -> Losses {
        state.withLockedValue { state in
            defer { state.losses = Losses() }
            return state.losses
        }
    }

    /// Queues a line, which must end with a line feed.
    public func write(_ line: [UInt8]) { line.withUnsafeBytes { write($0) } }

    /// Queues a line, which must end with a line feed.
    public func write(_ line: UnsafeRawBufferPointer) {
        let mustStart = state.withLockedValue { state in
            guard state.queue.bytes.count + line.count <= Self.maximumQueuedBytes else {
                state.losses.queueFull += 1
                return false
            }
            state.queue.append(line)
            defer { state.isDraining = true }
            return !state.isDraining
        }
        if mustStart { pool.submit { _ in self.drain() } }
    }

    /// Opens the file again before the next line is written, for log rotation.
    public func reopen() {
        state.withLockedValue { $0.mustReopen = true }
        pool.submit { _ in self.drain() }
    }

    /// Creates the file again if it was removed. Writing a line does that too, but the next line may be far away.
    public func replaceIfRemoved() {
        // If the writer is blocked, the request is queued only once.
        let mustStart = state.withLockedValue { state in
            defer { state.mustLook = true }
            return !state.mustLook
        }
        if mustStart { pool.submit { _ in self.drain() } }
    }

    /// Writes the queued lines, but does not wait forever for a blocked reader. For the end of the program.
    public func flush() {
        let isDone = ConditionLock(value: false)
        pool.submit { _ in
            self.drain()
            isDone.lock()
            isDone.unlock(withValue: true)
        }
        if isDone.lock(whenValue: true, timeoutSeconds: Self.longestFlush) { isDone.unlock() }
    }

    /// Writes the queued lines and ends the thread. Later lines are written by the calling thread.
    public func close() {
        drain()
        pool.shutdownGracefully { _ in }
    }

    private func drain() {
        turn.withLockedValue { spare in
            while true {
                let (mustReopen, mustLook) = state.withLockedValue { state in
                    defer { (state.mustReopen, state.mustLook) = (false, false) }
                    swap(&state.queue, &spare)
                    if spare.ends.isEmpty { state.isDraining = false }
                    return (state.mustReopen, state.mustLook)
                }
                if mustReopen { sink.reopen() }
                if mustLook { sink.replaceIfRemoved() }
                if spare.ends.isEmpty { return }
                let failed = spare.write(to: sink)
                spare.removeAll()
                if failed > 0 { state.withLockedValue { $0.losses.writeFailed += failed } }
                usleep(Self.collectingTime)
            }
        }
    }
}

/// Lines, one after the other in memory.
private struct LineQueue {
    private(set) var bytes: [UInt8] = []
    /// Where each line ends.
    private(set) var ends: [Int] = []
    /// Larger memory is not kept for the next lines.
    private static let keptBytes = 1 << 16

    mutating func append(_ line: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: line)
        ends.append(bytes.count)
    }

    mutating func removeAll() {
        let isSmall = bytes.capacity <= Self.keptBytes
        bytes.removeAll(keepingCapacity: isSmall)
        ends.removeAll(keepingCapacity: isSmall)
    }

    /// Writes all lines, several at once if the sink allows it. Returns the number of lost lines.
    func write(to sink: any LineSink) -> Int {
        var failed = 0
        var (start, first) = (0, 0)
        for (index, end) in ends.enumerated() {
            let isLast = index + 1 == ends.count
            if !isLast, ends[index + 1] - start <= sink.batchBytes { continue }
            let isWritten = bytes.withUnsafeBytes { sink.write(UnsafeRawBufferPointer(rebasing: $0[start..<end])) }
            if !isWritten { failed += index + 1 - first }
            (start, first) = (end, index + 1)
        }
        return failed
    }
}
