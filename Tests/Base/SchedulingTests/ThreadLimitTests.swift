import Scheduling
import Testing

@Suite struct ThreadLimitTests {
    @Test("threads are started all at once and end", arguments: [0, 1, 40])
    func startsAndEnds(count: Int) {
        #expect(ThreadLimit.startable(count) == count)
    }
}
