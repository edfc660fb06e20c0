import NIOCore
import Testing

@testable import WebhookServer

@Suite struct HTTP2StateMachineTests {
    private static let start = NIODeadline.uptimeNanoseconds(0)
    private static let grace = TimeAmount.seconds(1)

    private var machine = HTTP2StateMachine(limits: ServerLimits(), now: start)

    private func time(_ seconds: Int64) -> NIODeadline { Self.start + .seconds(seconds) }

    private mutating func open(_ id: Int, at second: Int64 = 0) -> Bool {
        machine.streamOpened(id, grace: Self.grace, now: time(second))
    }

    private mutating func close(at second: Int64 = 0) -> Bool {
        machine.streamClosed(grace: Self.grace, now: time(second))
    }

    private mutating func retire(at second: Int64 = 0, canAnnounce: Bool = true) -> HTTP2StateMachine.Action? {
        machine.retire(canAnnounce: canAnnounce, grace: Self.grace, now: time(second))
    }

    private mutating func deadlinePassed(
        at second: Int64, unfinishedSince: NIODeadline? = nil, canAnnounce: Bool = true
    ) -> [HTTP2StateMachine.Action] {
        machine.deadlinePassed(
            unfinishedSince: unfinishedSince, canAnnounce: canAnnounce, grace: Self.grace, now: time(second))
    }

    private var deadline: NIODeadline { machine.deadline(unfinishedSince: nil) }

    @Test("an idle connection has the idle time, and one with a stream has no end")
    mutating func idle() {
        #expect(deadline == time(120))
        #expect(open(1, at: 50))
        #expect(deadline == .distantFuture)
        #expect(!close(at: 60))
        #expect(deadline == time(180))
        #expect(!machine.isRetiring)
    }

    @Test("one stream too many is refused, and counts until it is closed")
    mutating func streamLimit() {
        for stream in 0..<250 { #expect(open(2 * stream + 1)) }
        #expect(!open(501))
        #expect(!close())
        #expect(!close())
        #expect(open(503))
    }

    @Test("an idle connection is told of the end first, and closed when nothing follows")
    mutating func idleTimeout() {
        #expect(deadlinePassed(at: 120) == [.record(.idleTimeout), .announceShutdown])
        #expect(deadline == time(121))
        #expect(deadlinePassed(at: 121) == [.sendGoAway(lastStream: 0, .noError), .end])
        #expect(deadlinePassed(at: 122) == [])
    }

    @Test("before the server's SETTINGS nothing can be announced, so the connection ends at once")
    mutating func nothingSent() {
        #expect(retire(canAnnounce: false) == .end)
        #expect(deadlinePassed(at: 500) == [])
        #expect(machine.failed(.connection) == [])
    }

    @Test("streams that the client opened before it knew are served, and named in the last GOAWAY")
    mutating func lateStreams() {
        #expect(open(1))
        #expect(retire(at: 10) == .announceShutdown)
        #expect(deadline == time(25))
        #expect(open(3, at: 11))
        #expect(machine.shutdownAcknowledged() == [.sendGoAway(lastStream: 3, .noError)])
        #expect(!close(at: 12))
        #expect(machine.answersWritten() == nil)
        #expect(close(at: 13))
        #expect(machine.answersWritten() == .end)
        #expect(machine.answersWritten() == nil)
    }

    @Test("an acknowledgement ends a connection without streams at once; a second one does nothing")
    mutating func acknowledged() {
        #expect(machine.shutdownAcknowledged() == [])
        #expect(retire() == .announceShutdown)
        #expect(machine.shutdownAcknowledged() == [.sendGoAway(lastStream: 0, .noError), .end])
        #expect(machine.shutdownAcknowledged() == [])
    }

    @Test("retiring again announces nothing, and does not move the latest end of open streams")
    mutating func retiresOnce() {
        #expect(open(1))
        #expect(retire(at: 0) == .announceShutdown)
        #expect(retire(at: 14) == nil)
        #expect(deadline == time(15))
        #expect(!close(at: 14))
        #expect(deadline == time(15))
    }

    @Test("a client that never acknowledges is cut when its streams have had their time")
    mutating func silentClient() {
        #expect(open(5))
        #expect(retire() == .announceShutdown)
        #expect(deadlinePassed(at: 15) == [.sendGoAway(lastStream: 5, .noError), .end])
    }

    @Test("streams that outlast their time after the acknowledgement end without another GOAWAY")
    mutating func lastStreamsTooSlow() {
        #expect(open(5))
        #expect(retire() == .announceShutdown)
        #expect(machine.shutdownAcknowledged() == [.sendGoAway(lastStream: 5, .noError)])
        #expect(deadlinePassed(at: 15) == [.end])
    }

    @Test("a stream that opens again after the last answer keeps the connection from ending behind it")
    mutating func reopened() {
        #expect(open(1))
        #expect(retire() == .announceShutdown)
        #expect(machine.shutdownAcknowledged() == [.sendGoAway(lastStream: 1, .noError)])
        #expect(close())
        #expect(open(3))
        #expect(machine.answersWritten() == nil)
    }

    @Test("failures of the protocol end the connection once; those of one stream do not", arguments: [false, true])
    mutating func failures(isFlood: Bool) {
        #expect(machine.failed(.stream) == [.record(.malformedRequest)])
        #expect(open(7))
        let goAway: [HTTP2StateMachine.Action] = isFlood ? [.sendGoAway(lastStream: 7, .enhanceYourCalm)] : []
        #expect(
            machine.failed(isFlood ? .flood : .connection) == goAway + [.record(.http2Violation), .end])
        #expect(machine.failed(.connection) == [])
        #expect(machine.failed(.flood) == [])
        #expect(machine.failed(.transport) == [.close])
    }

    @Test("the last GOAWAY names the highest stream, whatever was opened after it")
    mutating func highestStream() {
        #expect(open(5))
        _ = machine.streamOpened(nil, grace: Self.grace, now: time(0))
        #expect(retire() == .announceShutdown)
        #expect(machine.shutdownAcknowledged() == [.sendGoAway(lastStream: 5, .noError)])
    }

    // MARK: What the client has not finished

    @Test("a head that does not end has the time of a request, and then the connection ends")
    mutating func unfinished() {
        #expect(machine.deadline(unfinishedSince: time(30)) == time(40))
        let actions = deadlinePassed(at: 40, unfinishedSince: time(30))
        #expect(actions == [.record(.requestTimeout), .sendGoAway(lastStream: 0, .noError), .end])
        #expect(deadlinePassed(at: 50, unfinishedSince: time(30)) == [])
    }

    @Test("a head that has just begun on an idle connection gets a grace period like any other")
    mutating func unfinishedAtIdleTimeout() {
        #expect(machine.deadline(unfinishedSince: time(119)) == time(120))
        #expect(deadlinePassed(at: 120, unfinishedSince: time(119)) == [.record(.idleTimeout), .announceShutdown])
        #expect(open(1, at: 120))
        #expect(machine.shutdownAcknowledged() == [.sendGoAway(lastStream: 1, .noError)])
    }

    @Test("requests before a head that does not end are answered, and then the connection ends")
    mutating func unfinishedBesideRequests() {
        #expect(open(1))
        #expect(machine.deadline(unfinishedSince: time(2)) == time(12))
        let actions = deadlinePassed(at: 12, unfinishedSince: time(2))
        #expect(actions == [.record(.requestTimeout), .sendGoAway(lastStream: 1, .noError)])
        // It is said once, and the requests have their time.
        #expect(machine.deadline(unfinishedSince: time(2)) == time(27))
        #expect(close(at: 13))
        #expect(machine.answersWritten() == .end)
    }

    @Test("a head that does not end gives a retiring connection no more time")
    mutating func unfinishedWhileRetiring() {
        #expect(open(1))
        #expect(retire(at: 0) == .announceShutdown)
        #expect(machine.deadline(unfinishedSince: time(1)) == time(11))
        let actions = deadlinePassed(at: 11, unfinishedSince: time(1))
        #expect(actions == [.record(.requestTimeout), .sendGoAway(lastStream: 1, .noError)])
        #expect(deadline == time(15))
        #expect(deadlinePassed(at: 15, unfinishedSince: time(1)) == [.end])
    }

    @Test("nothing is said before the server's SETTINGS, also to a client that sends half a preface")
    mutating func unfinishedPreface() {
        let actions = deadlinePassed(at: 10, unfinishedSince: time(0), canAnnounce: false)
        #expect(actions == [.record(.requestTimeout), .end])
    }
}
