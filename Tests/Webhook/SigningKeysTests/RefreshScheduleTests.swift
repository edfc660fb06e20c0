import Testing

@testable import SigningKeys

@Suite struct RefreshScheduleTests {
    @Test("after a success the wait is the configured one, up to a tenth shorter")
    func success() {
        var schedule = RefreshSchedule(refreshEvery: .seconds(3600))
        #expect(schedule.waitAfterSuccess(random: 0) == .seconds(3600))
        #expect(schedule.waitAfterSuccess(random: 1) == .seconds(3240))
    }

    @Test("after failures the wait doubles up to a minute, and half of it is chance")
    func failures() {
        var schedule = RefreshSchedule(refreshEvery: .seconds(3600))
        let outlook = RefreshSchedule.Outlook.lastGoodKeys(.seconds(86_400))
        let longest = (0..<9).map { _ in schedule.waitAfterFailure(outlook, random: 1) }
        #expect(longest == [1, 2, 4, 8, 16, 32, 60, 60, 60].map { .seconds($0) })
        #expect(schedule.waitAfterFailure(outlook, random: 0) == .seconds(30))
        _ = schedule.waitAfterSuccess(random: 0)
        #expect(schedule.waitAfterFailure(outlook, random: 1) == .seconds(1))
    }

    @Test("without keys attempts are never far apart, however long the outage was")
    func withoutKeys() {
        var schedule = RefreshSchedule(refreshEvery: .seconds(3600))
        for _ in 0..<100_000 { _ = schedule.waitAfterFailure(.noKeys, random: 1) }
        #expect(schedule.waitAfterFailure(.noKeys, random: 1) == .seconds(3))
        // The wait that begins before the keys are too old ends soon after that.
        #expect(schedule.waitAfterFailure(.lastGoodKeys(.seconds(10)), random: 1) == .seconds(13))
        #expect(schedule.waitAfterFailure(.lastGoodKeys(.seconds(-10)), random: 1) == .seconds(3))
    }

    @Test("an authority of which one half fails for long is not asked every minute")
    func half() {
        var schedule = RefreshSchedule(refreshEvery: .seconds(3600))
        for _ in 0..<20 { _ = schedule.waitAfterFailure(.partlyNew, random: 1) }
        #expect(schedule.waitAfterFailure(.partlyNew, random: 1) == .seconds(900))
    }

    @Test("no wait is longer than the configured one")
    func short() {
        var schedule = RefreshSchedule(refreshEvery: .seconds(2))
        for outlook in [RefreshSchedule.Outlook.noKeys, .lastGoodKeys(.seconds(9000)), .partlyNew] {
            for _ in 0..<9 { #expect(schedule.waitAfterFailure(outlook, random: 1) <= .seconds(2)) }
        }
    }
}
