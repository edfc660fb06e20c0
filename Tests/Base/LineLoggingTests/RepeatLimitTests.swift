import LineLogging
import Testing
import Timestamps

@Suite struct RepeatLimitTests {
    @Test("the first line passes, and then one a minute")
    func letsTheFirstAndOneAMinuteThrough() {
        var limit = RepeatLimit()
        let start = Timestamp(secondsSinceEpoch: 1_000_000)
        #expect(limit.admit(at: start) == 0)
        for second in 1..<60 { #expect(limit.admit(at: start.adding(seconds: Int64(second))) == nil) }
        #expect(limit.admit(at: start.adding(seconds: 60)) == 59)
        #expect(limit.admit(at: start.adding(seconds: 200)) == 0)
    }

    @Test("a clock that is set back does not silence the log")
    func isNotSilencedByAClockThatIsPutBack() {
        var limit = RepeatLimit()
        #expect(limit.admit(at: Timestamp(secondsSinceEpoch: 1_000_000)) == 0)
        #expect(limit.admit(at: Timestamp(secondsSinceEpoch: 1_000_001)) == nil)
        #expect(limit.admit(at: Timestamp(secondsSinceEpoch: 500_000)) == 1)
        #expect(limit.admit(at: Timestamp(secondsSinceEpoch: 500_001)) == nil)
    }
}
