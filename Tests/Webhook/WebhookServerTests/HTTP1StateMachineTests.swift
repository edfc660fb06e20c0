import NIOCore
import Testing

@testable import WebhookServer

@Suite struct HTTP1StateMachineTests {
    private static let start = NIODeadline.uptimeNanoseconds(0)
    private static let request = "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"

    private static func machine(isRetiring: Bool = false) -> HTTP1StateMachine {
        HTTP1StateMachine(limits: ServerLimits(), isClientAllowed: true, isRetiring: isRetiring, now: start)
    }

    /// Feeds a text, reserves what is asked for, and returns the first other action.
    private func feed(
        _ text: String, _ machine: inout HTTP1StateMachine, now: NIODeadline = start, mayReserve: Bool = true
    ) -> HTTP1StateMachine.Action? {
        machine.received(ByteBuffer(string: text))
        while let action = machine.next(now: now) {
            guard case .reserve = action else { return action }
            if let next = machine.reserved(mayReserve, now: now) { return next }
        }
        return nil
    }

    private static func review(_ text: String) -> HTTP1StateMachine.Action {
        .review(ByteBuffer(string: text), .tokenReviews)
    }

    @Test("a request is reviewed, answered, and the next one waits for its turn")
    func goesOn() {
        var machine = Self.machine()
        #expect(feed(Self.request + Self.request, &machine) == Self.review("hi"))
        #expect(!machine.mayRead)
        #expect(machine.next(now: Self.start) == nil)
        #expect(machine.answered(wasWaiting: false, now: Self.start) == .init(sequel: .next, released: 2))
        #expect(feed("", &machine) == Self.review("hi"))
        #expect(machine.closed().bytes == 2)
    }

    @Test("the body's bytes are reserved before they are kept, and a refusal releases what was reserved")
    func reserves() {
        var machine = Self.machine()
        machine.received(ByteBuffer(string: Self.request))
        #expect(machine.next(now: Self.start) == .reserve(2, .tokenReviews))
        #expect(
            machine.reserved(false, now: Self.start) == .refuse(.bytesInFlight, .init(sequel: .drain, released: 0)))
        #expect(machine.next(now: Self.start) == nil)
    }

    struct Ending: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var action: HTTP1StateMachine.Action?
        var sequel: HTTP1StateMachine.Sequel?
    }

    @Test(
        "each part of a request has its action",
        arguments: [
            Ending(testDescription: "a usual request", text: request, action: review("hi"), sequel: .next),
            Ending(
                testDescription: "one that closes",
                text: "POST /authenticate HTTP/1.1\r\nHost: a\r\nConnection: x , Close\r\nContent-Length: 0\r\n\r\n",
                action: review(""), sequel: .close),
            Ending(
                testDescription: "HTTP/1.0", text: "POST /authenticate HTTP/1.0\r\nContent-Length: 0\r\n\r\n",
                action: review(""), sequel: .close),
            Ending(
                testDescription: "a HEAD request", text: "HEAD /authenticate HTTP/1.1\r\nHost: a\r\n\r\n",
                action: .refuse(.methodNotAllowed, .init(sequel: .next, hasBody: false))),
            Ending(
                testDescription: "a wrong path whose body is still to come",
                text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n",
                action: .refuse(.notFound, .init(sequel: .drain))),
            Ending(testDescription: "garbage", text: "\u{1}", action: .refuse(.malformed, .init(sequel: .drain))),
            Ending(
                testDescription: "a client that waits for its turn",
                text: "POST /authenticate HTTP/1.1\r\nHost: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n",
                action: .sendContinue),
            Ending(testDescription: "half a head", text: "POST /auth"),
        ])
    func answersAs(_ ending: Ending) {
        var machine = Self.machine()
        #expect(feed(ending.text, &machine) == ending.action)
        #expect(machine.answered(wasWaiting: false, now: Self.start)?.sequel == ending.sequel)
    }

    @Test("a connection that retires answers what it has and then closes")
    func retires() {
        var machine = Self.machine()
        _ = feed(Self.request, &machine)
        machine.retire(idleUntil: Self.start + .seconds(1))
        #expect(machine.answered(wasWaiting: true, now: Self.start)?.sequel == .close)
        #expect(feed(Self.request, &machine) == nil)

        var idle = Self.machine()
        idle.retire(idleUntil: Self.start + .seconds(1))
        #expect(idle.deadline == Self.start + .seconds(1))
        #expect(idle.deadlinePassed(now: Self.start + .seconds(1)) == .close)
    }

    @Test("each phase has its own deadline, and what follows from it")
    func endsInTime() {
        var machine = Self.machine()
        let limits = ServerLimits()
        let (idle, request) = (TimeAmount(limits.idleTimeout), TimeAmount(limits.requestTimeout))
        #expect(machine.deadline == Self.start + idle)
        #expect(feed("POST", &machine, now: Self.start + .seconds(5)) == nil)
        #expect(machine.deadline == Self.start + .seconds(5) + request)
        // Another byte of the head gives no more time.
        #expect(feed(" ", &machine, now: Self.start + .seconds(6)) == nil)
        #expect(machine.deadline == Self.start + .seconds(5) + request)
        #expect(
            machine.deadlinePassed(now: Self.start + .seconds(15)) == .refuse(.requestTimeout, .init(sequel: .drain)))
        #expect(machine.deadlinePassed(now: Self.start + .seconds(16)) == .close)

        var quiet = Self.machine()
        #expect(quiet.deadlinePassed(now: Self.start + idle) == .closeIdle)

        var deciding = Self.machine()
        _ = feed(Self.request, &deciding)
        #expect(deciding.deadline == .distantFuture)
        deciding.writabilityChanged(false, now: Self.start)
        #expect(deciding.deadline == Self.start + request)
        deciding.writabilityChanged(true, now: Self.start)
        #expect(deciding.deadline == .distantFuture)
    }

    @Test("a client that takes no answers is asked for nothing, and cut off")
    func stalls() {
        var machine = Self.machine()
        machine.writabilityChanged(false, now: Self.start)
        #expect(feed(Self.request, &machine) == nil)
        #expect(!machine.mayRead)
        #expect(machine.deadlinePassed(now: machine.deadline) == .abort)
        #expect(feed(Self.request, &machine) == nil)
    }

    @Test("what is unreadable behind a review makes its answer the last, but only once it had to wait")
    func looksAhead() {
        var machine = Self.machine()
        _ = feed(Self.request, &machine)
        machine.received(ByteBuffer(string: "\u{1}"))
        var other = machine
        #expect(machine.answered(wasWaiting: true, now: Self.start)?.sequel == .close)
        #expect(other.answered(wasWaiting: false, now: Self.start)?.sequel == .next)
        #expect(other.next(now: Self.start) == .refuse(.malformed, .init(sequel: .drain)))
    }

    @Test("a connection that is opened during shutdown has a second for its request")
    func opensDuringShutdown() {
        #expect(Self.machine(isRetiring: true).deadline == Self.start + .seconds(1))
    }

    @Test("bytes past the longest queue behind a review are dropped, and its answer is the last")
    func dropsALongQueue() {
        for (count, sequel) in [
            (HTTP1StateMachine.longestQueue, HTTP1StateMachine.Sequel.next),
            (HTTP1StateMachine.longestQueue + 1, .close),
        ] {
            var machine = Self.machine()
            _ = feed(Self.request, &machine)
            machine.received(ByteBuffer(repeating: UInt8(ascii: "a"), count: count))
            #expect(machine.answered(wasWaiting: false, now: Self.start)?.sequel == sequel)
        }
    }

    @Test("the end of the server shortens no request that has begun")
    func retiresWithoutHurry() {
        let request = TimeAmount(ServerLimits().requestTimeout)
        var head = Self.machine()
        _ = feed("POST", &head)
        head.retire(idleUntil: Self.start + .seconds(1))
        #expect(head.deadline == Self.start + request)
        var deciding = Self.machine()
        _ = feed(Self.request, &deciding)
        deciding.retire(idleUntil: Self.start + .seconds(1))
        #expect(deciding.deadline == .distantFuture)
    }

    @Test("a client that stalls gets no more time by stalling again")
    func stallsOnce() {
        var machine = Self.machine()
        _ = feed(Self.request, &machine)
        machine.writabilityChanged(false, now: Self.start)
        machine.writabilityChanged(false, now: Self.start + .seconds(5))
        #expect(machine.deadline == Self.start + TimeAmount(ServerLimits().requestTimeout))
    }
}
