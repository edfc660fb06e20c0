import NIOCore
import Testing

@testable import DirectoryGroups

@Suite struct CircuitBreakerTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    /// Asks so many times at once, and tells how often the answer was yes.
    private func admitted(_ breaker: inout CircuitBreaker, at time: NIODeadline, asked times: Int = 1) -> Int {
        (0..<times).count { _ in breaker.admits(at: time) }
    }

    private func open(at time: NIODeadline) -> CircuitBreaker {
        var breaker = CircuitBreaker()
        for _ in 0..<CircuitBreaker.failuresUntilOpen {
            let admitted = admitted(&breaker, at: time)
            #expect(admitted == 1)
            breaker.failed(at: time)
        }
        return breaker
    }

    @Test func failuresInARowOpenIt() {
        var breaker = CircuitBreaker()
        for _ in 1..<CircuitBreaker.failuresUntilOpen { breaker.failed(at: start) }
        breaker.succeeded()
        for _ in 1..<CircuitBreaker.failuresUntilOpen { breaker.failed(at: start) }
        var admitted = admitted(&breaker, at: start, asked: 9)
        #expect(admitted == 9 && !breaker.isOpen)
        breaker.failed(at: start)
        admitted = self.admitted(&breaker, at: start, asked: 9)
        #expect(admitted == 0 && breaker.isOpen)
    }

    @Test func afterThePauseOneQuestionTriesIt() {
        var breaker = open(at: start)
        let end = start + CircuitBreaker.pause
        var admitted = admitted(&breaker, at: end - .nanoseconds(1))
        #expect(admitted == 0)
        admitted = self.admitted(&breaker, at: end, asked: 9)
        #expect(admitted == 1)
        breaker.failed(at: end)
        admitted = self.admitted(&breaker, at: end + CircuitBreaker.pause - .nanoseconds(1))
        #expect(admitted == 0)
        admitted = self.admitted(&breaker, at: end + CircuitBreaker.pause, asked: 9)
        #expect(admitted == 1)
        breaker.succeeded()
        admitted = self.admitted(&breaker, at: end + CircuitBreaker.pause, asked: 9)
        #expect(admitted == 9)
    }

    @Test func aQuestionFromBeforeThePauseDoesNotEndIt() {
        var breaker = open(at: start)
        breaker.succeeded()
        let admitted = admitted(&breaker, at: start)
        #expect(admitted == 0)
    }

    @Test func thePauseIsTheOneThatWasAskedFor() {
        var breaker = CircuitBreaker()
        breaker.leaveAlone(for: .seconds(30), at: start)
        breaker.leaveAlone(for: .seconds(1), at: start)
        breaker.failed(at: start)
        var admitted = admitted(&breaker, at: start + .seconds(30) - .nanoseconds(1))
        #expect(admitted == 0)
        admitted = self.admitted(&breaker, at: start + .seconds(30))
        #expect(admitted == 1)
        breaker.leaveAlone(for: .hours(5), at: start)
        admitted = self.admitted(&breaker, at: start + CircuitBreaker.longestPause)
        #expect(admitted == 1)
    }
}
