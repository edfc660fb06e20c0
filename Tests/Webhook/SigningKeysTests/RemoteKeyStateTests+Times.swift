import Entra
import NIOCore
import Testing
import Timestamps

@testable import SigningKeys

/// What depends on time: the age of keys by both clocks, the waits between fetches, the lines of an outage.
extension RemoteKeyStateTests {
    @Test(
        "keys end after maximumAge of uptime, however far the clock is set back after they were fetched",
        arguments: [Int64(1000), 30 * day])
    func clockAhead(ahead: Int64) {
        var state = RemoteKeyState(Self.cached, tenantID: .zero)
        func handle(_ second: Int64, _ event: Event, ahead: Int64 = 0) -> [Action] {
            state.handle(
                event,
                at: RemoteKeyState.Moment(
                    now: Self.beginning.adding(seconds: second + ahead),
                    uptime: .uptimeNanoseconds(1) + .seconds(second),
                    random: 0.5))
        }
        _ = handle(0, .started, ahead: ahead)
        _ = handle(0, .arrived(Self.report, .v2), ahead: ahead)
        #expect(handle(0, .fetchEnded([:]), ahead: ahead).contains(.lookAtAgeAfter(seconds: Self.day)))
        #expect(handle(Self.day - 1, .ageDue) == [.lookAtAgeAfter(seconds: 1)])
        #expect(handle(Self.day, .ageDue) == [.publish, .lookAtAgeAfter(seconds: nil), .log(.tooOld)])
    }

    @Test("keys from a cache file are as old by the uptime as the file says, also if the machine started later")
    func cacheAge() {
        var state = RemoteKeyState(Self.cached, tenantID: .zero)
        let old = Self.beginning.adding(seconds: -Self.day + 100)
        _ = Self.run(&state, [(0, .started), (0, .cacheRead(Self.report, fetchedAt: old))])
        // The clock is set back by a day.
        let moment = RemoteKeyState.Moment(
            now: Self.beginning.adding(seconds: 100 - Self.day), uptime: .uptimeNanoseconds(1) + .seconds(100),
            random: 0.5)
        #expect(
            state.handle(.ageDue, at: moment) == [.publish, .lookAtAgeAfter(seconds: nil), .log(.tooOld)])
    }

    @Test("waits between failures double from one second, and stay short while there are no keys")
    func backOff() {
        func waits(_ state: inout RemoteKeyState, from second: Int64, count: Int) -> [Duration] {
            (0..<count).map { _ in
                let actions = Self.run(
                    &state, [(second, .fetchDue), (second, .fetchEnded(Self.all(Self.refused)))], random: 1)
                guard case .fetchAfter(let wait)? = actions.last else { return .zero }
                return wait
            }
        }
        var with = RemoteKeyState(RemoteKeyRules(), tenantID: .zero)
        _ = Self.run(&with, Self.running)
        #expect(waits(&with, from: 100, count: 8) == [1, 2, 4, 8, 16, 32, 60, 60].map { .seconds($0) })
        // The last attempt before the keys end comes soon after they do.
        #expect(waits(&with, from: Self.day - 10, count: 1) == [.seconds(13)])
        // A success begins from one second again.
        _ = Self.run(&with, [(200, .fetchDue)] + Self.fetched(200))
        #expect(waits(&with, from: 300, count: 2) == [.seconds(1), .seconds(2)])
        var without = RemoteKeyState(RemoteKeyRules(), tenantID: .zero)
        #expect(waits(&without, from: 0, count: 4) == [1, 2, 3, 3].map { .seconds($0) })
    }

    @Test("an outage without keys is logged once a minute, with how many attempts were left out")
    func repeats() {
        var state = RemoteKeyState(RemoteKeyRules(), tenantID: .zero)
        var lines: [Int] = []
        for second in stride(from: Int64(0), through: 120, by: 3) {
            let actions = Self.run(&state, [(second, .fetchDue), (second, .fetchEnded(Self.all(Self.refused)))])
            for case .log(.failed(_, _, _, let leftOut)) in actions { lines.append(leftOut) }
        }
        #expect(lines == [0, 19, 19])
        #expect(state.status.lastError == Self.refusal)
    }
}
