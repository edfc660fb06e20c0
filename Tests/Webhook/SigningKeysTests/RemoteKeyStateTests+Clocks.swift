import Entra
import NIOCore
import Testing
import Timestamps

@testable import SigningKeys

/// Histories of the two clocks: the time of day may be set, and the uptime may stand still.
extension RemoteKeyStateTests {
    struct Clocks: Sendable, CustomTestStringConvertible {
        /// Seconds of uptime, and by how much the time of day is ahead of it.
        struct Look: Sendable {
            var second: Int64
            var ahead: Int64
            var hasKeys: Bool
        }

        var testDescription: String
        /// By how much the time of day was ahead when the keys were fetched, at second 0.
        var ahead: Int64
        var looks: [Look]

        init(_ name: String, fetchedAhead ahead: Int64, _ looks: [(Int64, ahead: Int64, hasKeys: Bool)]) {
            testDescription = name
            self.ahead = ahead
            self.looks = looks.map { Look(second: $0.0, ahead: $0.ahead, hasKeys: $0.hasKeys) }
        }
    }

    @Test(
        "no history of the clocks makes keys older than maximumAge by the uptime, and small steps end none early",
        arguments: [
            Clocks("even clocks", fetchedAhead: 0, [(day - 1, 0, true), (day, 0, false)]),
            Clocks(
                "ahead by a month at the fetch, mended at once", fetchedAhead: 30 * day,
                [(10, 0, true), (day - 1, 0, true), (day, 0, false)]),
            Clocks(
                "ahead by an hour at the fetch, mended later", fetchedAhead: 3600,
                [(3600, 3600, true), (7200, 0, true), (day - 1, 0, true), (day, 0, false)]),
            Clocks(
                "set back by a month after the fetch", fetchedAhead: 0,
                [(10, -30 * day, true), (day - 1, -30 * day, true), (day, -30 * day, false)]),
            Clocks(
                "back and forth around the fetch", fetchedAhead: 600,
                [(1, 0, true), (2, 600, true), (3, -600, true), (4, 600, true), (day - 1, 600, true), (day, 0, false)]),
            Clocks(
                "back and forth by days, and seen only while it is behind", fetchedAhead: 3 * day,
                [(1, 0, true), (2, 3 * day, true), (3, -3 * day, true), (day - 1, 3 * day, true), (day, 0, false)]),
            Clocks(
                "behind by half an hour at the fetch, mended: that half hour counts", fetchedAhead: -1800,
                [(10, 0, true), (day - 1801, 0, true), (day - 1800, 0, false)]),
            Clocks(
                "behind by a month at the fetch, mended: the keys seem old, and are fetched again",
                fetchedAhead: -30 * day,
                [(10, -30 * day, true), (11, 0, false)]),
            Clocks(
                "a machine that was paused for a day: only the time of day knows", fetchedAhead: 0,
                [(100, 0, true), (101, day, false)]),
            Clocks(
                "a machine that was paused for an hour", fetchedAhead: 0,
                [(101, 3600, true), (day - 3601, 3600, true), (day - 3600, 3600, false)]),
            Clocks(
                "ahead for a minute in which nobody looks at the age", fetchedAhead: 0,
                [(100, 0, true), (200, 0, true), (day - 1, 0, true), (day, 0, false)]),
        ])
    func histories(_ clocks: Clocks) {
        var state = RemoteKeyState(Self.cached, tenantID: .zero)
        func handle(_ second: Int64, ahead: Int64, _ event: Event) -> [Action] {
            state.handle(
                event,
                at: RemoteKeyState.Moment(
                    now: Self.beginning.adding(seconds: second + ahead),
                    uptime: .uptimeNanoseconds(1) + .seconds(second), random: 0.5))
        }
        _ = handle(0, ahead: clocks.ahead, .started)
        _ = handle(0, ahead: clocks.ahead, .arrived(Self.report, .v2))
        _ = handle(0, ahead: clocks.ahead, .fetchEnded([:]))
        for look in clocks.looks {
            let actions = handle(look.second, ahead: look.ahead, .ageDue)
            #expect((state.keys.keyCount > 0) == look.hasKeys, "second \(look.second)")
            #expect(actions.contains(.log(.tooOld)) == !look.hasKeys)
            // The next look is never later than the end by the uptime.
            guard look.hasKeys, case .lookAtAgeAfter(let seconds?)? = actions.last else { continue }
            #expect(look.second + seconds <= Self.day)
        }
        // Keys that have ended come back with the next fetch.
        _ = handle(2 * Self.day, ahead: 0, .fetchDue)
        _ = handle(2 * Self.day, ahead: 0, .arrived(Self.report, .v2))
        _ = handle(2 * Self.day, ahead: 0, .fetchEnded([:]))
        #expect(state.keys.keyCount > 0)
    }
}
