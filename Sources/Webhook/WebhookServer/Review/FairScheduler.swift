import NIOCore

/// Spreads work that becomes due at once, so that new requests need not wait for all of it.
///
/// One fetch of keys wakes every review that waited for it. The event loop would otherwise run them all before it reads
/// from a socket again.
final class FairScheduler {
    let eventLoop: any EventLoop
    private var waiting = CircularBuffer<() -> Void>()
    private var isTurnDue = false

    /// Time between turns, for the sockets and for clients to read the answers.
    private let pause: TimeAmount
    /// More than one at a time run only if more than this number wait: a thousand are done after 0.1 s.
    private static let manyWait = 128

    init(eventLoop: any EventLoop, pause: TimeAmount = .microseconds(250)) {
        self.eventLoop = eventLoop
        self.pause = pause
    }

    /// Runs `work` now, or in its turn if other work became due with it.
    func submit(_ work: @escaping () -> Void) {
        waiting.append(work)
        if !isTurnDue { run() }
    }

    private func run() {
        isTurnDue = true
        for _ in 0...(waiting.count / Self.manyWait) {
            guard let work = waiting.popFirst() else { break }
            work()
        }
        // Also if nothing is left: work that becomes due in the same moment runs after the sockets.
        eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.isTurnDue = false
            if !self.waiting.isEmpty { self.run() }
        }
    }
}
