import Entra
import NIOCore
import Testing

@testable import DirectoryGroups

@Suite struct CircuitBreakerTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func other() -> GUID {
        let text = (0..<16).map { _ in String(UInt8.random(in: 16...255), radix: 16) }.joined()
        let parts = [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { Array(text)[$0] }
        return GUID(parts.map { String($0) }.joined(separator: "-")) ?? .zero
    }

    /// Asks this number of times at once, and returns how often the answer was yes.
    private func admitted(_ breaker: inout CircuitBreaker, at time: NIODeadline, asked times: Int = 1) -> Int {
        (0..<times).count { _ in breaker.admits(at: time) }
    }

    private func open(at time: NIODeadline) -> CircuitBreaker {
        var breaker = CircuitBreaker()
        for _ in 0..<CircuitBreaker.failuresUntilOpen {
            let admitted = admitted(&breaker, at: time)
            #expect(admitted == 1)
            breaker.failed(other(), at: time)
        }
        return breaker
    }

    @Test("failures in a row open the circuit breaker")
    func failuresInARowOpenIt() {
        var breaker = CircuitBreaker()
        for _ in 1..<CircuitBreaker.failuresUntilOpen { breaker.failed(other(), at: start) }
        breaker.succeeded()
        for _ in 1..<CircuitBreaker.failuresUntilOpen { breaker.failed(other(), at: start) }
        var admitted = admitted(&breaker, at: start, asked: 9)
        #expect(admitted == 9 && !breaker.isOpen)
        breaker.failed(other(), at: start)
        admitted = self.admitted(&breaker, at: start, asked: 9)
        #expect(admitted == 0 && breaker.isOpen)
    }

    @Test("one principal alone does not open the circuit breaker")
    func onePrincipalAloneDoesNotOpenIt() {
        var breaker = CircuitBreaker()
        let one = other()
        for _ in 0..<100 { breaker.failed(one, at: start) }
        #expect(!breaker.isOpen)
        for _ in 2..<CircuitBreaker.failuresUntilOpen { breaker.failed(other(), at: start) }
        #expect(!breaker.isOpen)
        breaker.failed(other(), at: start)
        #expect(breaker.isOpen)
    }

    @Test("a failure that concerns everybody counts each time")
    func whatIsTheSameForAllCountsEachTime() {
        var breaker = CircuitBreaker()
        for _ in 2..<CircuitBreaker.failuresUntilOpen { breaker.failed(nil, at: start) }
        breaker.failed(other(), at: start)
        #expect(!breaker.isOpen)
        breaker.failed(nil, at: start)
        #expect(breaker.isOpen)
    }

    @Test("after the pause one question tries the directory")
    func afterThePauseOneQuestionTriesIt() {
        var breaker = open(at: start)
        let end = start + CircuitBreaker.pause
        var admitted = admitted(&breaker, at: end - .nanoseconds(1))
        #expect(admitted == 0)
        admitted = self.admitted(&breaker, at: end, asked: 9)
        #expect(admitted == 1)
        breaker.failed(other(), at: end)
        admitted = self.admitted(&breaker, at: end + CircuitBreaker.pause - .nanoseconds(1))
        #expect(admitted == 0)
        admitted = self.admitted(&breaker, at: end + CircuitBreaker.pause, asked: 9)
        #expect(admitted == 1)
        breaker.succeeded()
        admitted = self.admitted(&breaker, at: end + CircuitBreaker.pause, asked: 9)
        #expect(admitted == 9)
    }

    @Test("the answer to a question from before the pause does not end it")
    func aQuestionFromBeforeThePauseDoesNotEndIt() {
        var breaker = open(at: start)
        breaker.succeeded()
        let admitted = admitted(&breaker, at: start)
        #expect(admitted == 0)
    }

    @Test("the pause is as long as the directory asked for")
    func thePauseIsTheOneThatWasAskedFor() {
        var breaker = CircuitBreaker()
        breaker.leaveAlone(for: .seconds(30), at: start)
        breaker.leaveAlone(for: .seconds(1), at: start)
        breaker.failed(other(), at: start)
        var admitted = admitted(&breaker, at: start + .seconds(30) - .nanoseconds(1))
        #expect(admitted == 0)
        admitted = self.admitted(&breaker, at: start + .seconds(30))
        #expect(admitted == 1)
        breaker.leaveAlone(for: .hours(5), at: start)
        admitted = self.admitted(&breaker, at: start + CircuitBreaker.longestPause)
        #expect(admitted == 1)
    }
}
