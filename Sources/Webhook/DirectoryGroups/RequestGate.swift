import DequeModule
import NIOCore

/// Limits concurrent requests. The others wait in their order of arrival until their deadline.
// Sendable without checks: the queue is used on the event loop only.
final class RequestGate: @unchecked Sendable {
    private struct Waiting {
        let deadline: NIODeadline
        let start: @Sendable () -> Void
        let giveUp: @Sendable () -> Void
    }

    private let eventLoop: any EventLoop
    private let width: Int
    private var running = 0
    private var queue: Deque<Waiting> = []

    init(eventLoop: any EventLoop, width: Int = 32) {
        self.eventLoop = eventLoop
        self.width = width
    }

    /// The result of `work`, or ``DirectoryError/deadline`` if its turn does not come in time.
    func run<Value: Sendable>(
        until deadline: NIODeadline,
        _ work: @escaping @Sendable () -> EventLoopFuture<Value>
    ) -> EventLoopFuture<Value> {
        let promise = eventLoop.makePromise(of: Value.self)
        let waiting = Waiting(
            deadline: deadline,
            start: {
                let future = work()
                future.cascade(to: promise)
                future.whenComplete { _ in self.ended() }
            },
            giveUp: { promise.fail(DirectoryError.deadline) })
        eventLoop.execute {
            self.queue.append(waiting)
            self.startNext()
        }
        return promise.futureResult
    }

    private func ended() {
        eventLoop.execute {
            self.running -= 1
            self.startNext()
        }
    }

    private func startNext() {
        eventLoop.assertInEventLoop()
        let now = NIODeadline.now()
        while running < width, let next = queue.popFirst() {
            guard next.deadline > now else {
                next.giveUp()
                continue
            }
            running += 1
            next.start()
        }
    }
}
