import NIOCore

/// Spreads work that became due at once, so that what arrives meanwhile need not wait for all of it.
///
/// One fetch of keys wakes every review that waited for it; an event loop would run them all before it looks at a
/// socket again.
final class FairScheduler {
    private let eventLoop: any EventLoop
    private var waiting = CircularBuffer<() -> Void>()
    private var isTurnDue = false

    /// Between turns, for the sockets, and for whoever takes the answers.
    private let pause: TimeAmount
    /// More than one at a time run only when more wait than this: a thousand have had their turn after 0.1 s.
    private static let manyWait = 128

    init(eventLoop: any EventLoop, pause: TimeAmount = .microseconds(250)) {
        self.eventLoop = eventLoop
        self.pause = pause
    }

    /// Runs `work` now, or in its turn when others became due with it.
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
        // Also with nothing left: what comes in the same moment comes after the sockets.
        eventLoop.assumeIsolated().scheduleTask(in: pause) {
            self.isTurnDue = false
            if !self.waiting.isEmpty { self.run() }
        }
    }
}
