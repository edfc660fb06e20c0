import NIOCore
import Testing

@testable import DirectoryGroups

@Suite struct CircuitBreakerTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func open(at time: NIODeadline) -> CircuitBreaker {
        var breaker = CircuitBreaker()
        for _ in 0..<CircuitBreaker.failuresUntilOpen {
            #expect(breaker.admits(at: time))
            breaker.failed(at: time)
        }
        return breaker
    }

    @Test func failuresInARowOpenIt() {
        var breaker = CircuitBreaker()
        for _ in 1..<CircuitBreaker.failuresUntilOpen { breaker.failed(at: start) }
        breaker.succeeded()
        for _ in 1..<CircuitBreaker.failuresUntilOpen { breaker.failed(at: start) }
        #expect(breaker.admits(at: start) && !breaker.isOpen)
        breaker.failed(at: start)
        #expect(!breaker.admits(at: start) && breaker.isOpen)
    }

    @Test func afterThePauseOneQuestionTriesIt() {
        var breaker = open(at: start)
        let end = start + CircuitBreaker.pause
        #expect(!breaker.admits(at: end - .nanoseconds(1)))
        #expect(breaker.admits(at: end))
        #expect(!breaker.admits(at: end), "a second question while the first is on its way")
        breaker.failed(at: end)
        #expect(!breaker.admits(at: end + CircuitBreaker.pause - .nanoseconds(1)))
        #expect(breaker.admits(at: end + CircuitBreaker.pause))
        breaker.succeeded()
        #expect(breaker.admits(at: end + CircuitBreaker.pause) && breaker.admits(at: end + CircuitBreaker.pause))
    }

    @Test func aQuestionFromBeforeThePauseDoesNotEndIt() {
        var breaker = open(at: start)
        breaker.succeeded()
        #expect(!breaker.admits(at: start))
    }

    @Test func thePauseIsTheOneThatWasAskedFor() {
        var breaker = CircuitBreaker()
        breaker.leaveAlone(for: .seconds(30), at: start)
        breaker.leaveAlone(for: .seconds(1), at: start)
        breaker.failed(at: start)
        #expect(!breaker.admits(at: start + .seconds(30) - .nanoseconds(1)))
        #expect(breaker.admits(at: start + .seconds(30)))
        breaker.leaveAlone(for: .hours(5), at: start)
        #expect(breaker.admits(at: start + CircuitBreaker.longestPause))
    }
}
