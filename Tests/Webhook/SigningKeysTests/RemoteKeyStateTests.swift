import Entra
import EntraTokens
import Files
import HTTPSClient
import JOSE
import Jansson
import NIOCore
import Testing
import Timestamps

@testable import SigningKeys

/// What happens → what is done about it, with a clock that the test moves.
@Suite("The state of a tenant's keys") struct RemoteKeyStateTests {
    typealias Action = RemoteKeyState.Action
    typealias Event = RemoteKeyState.Event

    /// One row of the table: events with the seconds since the beginning, and the actions of the last one.
    struct Row: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var rules = RemoteKeyRules()
        var events: [(second: Int64, event: Event)]
        var actions: [Action]

        init(_ name: String, _ events: [(Int64, Event)], _ actions: [Action]) {
            self.init(name, RemoteKeyRules(), events, actions)
        }

        init(_ name: String, _ rules: RemoteKeyRules, _ events: [(Int64, Event)], _ actions: [Action]) {
            testDescription = name
            self.rules = rules
            self.events = events.map { (second: $0.0, event: $0.1) }
            self.actions = actions
        }
    }

    static let beginning = Timestamp(secondsSinceEpoch: 1_800_000_000)
    static let day: Int64 = 86_400
    static let refused = KeyFetchError.metadata(.connectionRefused)
    static let refusal = "the OpenID configuration could not be fetched: the connection was refused"
    static let foreign = KeyFetchError.issuerMismatch
    static let cached = rules { $0.cacheFile = "/var/lib/kube-entra/keys.json" }
    static let offline = rules { $0.file = "/etc/kube-entra/keys.json" }

    private static func rules(_ change: (inout SigningKeySettings) -> Void) -> RemoteKeyRules {
        var settings = SigningKeySettings()
        change(&settings)
        return RemoteKeyRules(settings: settings)
    }

    static func all(_ error: KeyFetchError) -> [TokenVersion: KeyFetchError] { [.v1: error, .v2: error] }

    /// One usable key, the same each time.
    static let report = makeReport(["a"])
    static let empty = makeReport([])

    private static func makeReport(_ keyIDs: [String]) -> KeySetReport {
        guard let report = try? SimulatedAuthority().report(keyIDs) else {
            preconditionFailure("the test's keys cannot be made")
        }
        return report
    }

    static func fetched(_ second: Int64) -> [(Int64, Event)] {
        [
            (second, .arrived(report, .v2)), (second, .arrived(report, .v1)), (second, .fetchEnded([:])),
            (second, .handedOn(count: 1, usableUntil: beginning.adding(seconds: second + day))),
        ]
    }

    /// A state that has begun and has keys since second 0.
    static let running: [(Int64, Event)] = [(0, .started)] + fetched(0)

    static let rows: [Row] = [
        Row("a start fetches", [(0, .started)], [.fetch]),
        Row("a start with a cache file reads it first", cached, [(0, .started)], [.readCache, .fetch]),
        Row(
            "a start with an offline file reads it and never fetches", offline, [(0, .started)],
            [
                .readFile, .lookAtFileAfter(.seconds(1)),
            ]),
        Row(
            "keys that arrive are handed on when somebody waits for them",
            [
                (0, .started), (0, .keyUnknown), (1, .arrived(report, .v2)),
            ], [.publish, .lookAtAgeAfter(seconds: day - 1), .release]),
        Row(
            "keys that arrive wait for the other version's when nobody waits",
            [
                (0, .started), (1, .arrived(report, .v2)),
            ], []),
        Row(
            "the end of a fetch hands on, says so, lets reviews go on, and plans the next; then the cache is written",
            cached, [(0, .started), (0, .arrived(report, .v2)), (0, .arrived(report, .v1)), (0, .fetchEnded([:]))],
            [
                .count(result: "success"), .publish, .lookAtAgeAfter(seconds: day), .log(.refreshed(keys: 1)),
                .release, .fetchAfter(.seconds(3420)), .writeCache,
            ]),
        Row("a fetch that is due while another one is under way is none", [(0, .started), (1, .fetchDue)], []),
        Row("a fetch that is due", running + [(3420, .fetchDue)], [.fetch]),

        // Unknown key IDs
        Row(
            "an unknown key ID starts a fetch in place of the planned one", running + [(9, .keyUnknown)],
            [
                .wait, .cancelFetchTimer, .log(.keyUnknown), .fetch,
            ]),
        Row("a second one joins that fetch", running + [(9, .keyUnknown), (9, .keyUnknown)], [.wait]),
        Row(
            "after that fetch none starts before the interval is over",
            running + [(9, .keyUnknown)] + fetched(10) + [
                (308, .keyUnknown)
            ], []),
        Row(
            "and then one does", running + [(9, .keyUnknown)] + fetched(10) + [(309, .keyUnknown)],
            [
                .wait, .cancelFetchTimer, .log(.keyUnknown), .fetch,
            ]),
        Row(
            "no more than so many reviews wait", RemoteKeyRules(maximumWaiters: 1),
            running + [
                (9, .keyUnknown), (9, .keyUnknown),
            ], []),
        Row(
            "fewer may wait after a reload that says so",
            running + [
                (9, .keyUnknown), (9, .waitersLimited(1)), (9, .keyUnknown),
            ], []),
        Row(
            "more may wait after a reload that says so", RemoteKeyRules(maximumWaiters: 1),
            running + [
                (9, .keyUnknown), (9, .waitersLimited(2)), (9, .keyUnknown),
            ], [.wait]),
        Row(
            "an offline file has no unknown key IDs that a fetch could help", offline,
            [
                (0, .started), (1, .keyUnknown),
            ], []),

        // Failures
        Row(
            "a first failure without keys: again after half a second to one",
            [
                (0, .started), (0, .fetchEnded(all(refused))),
            ], failed(refused, refusal, .none, after: .milliseconds(750))),
        Row(
            "a failure with keys leaves them", running + [(100, .fetchDue), (100, .fetchEnded(all(refused)))],
            failed(refused, refusal, .lastGood, after: .milliseconds(750))),
        Row(
            "a profile with a foreign issuer brings no keys and leaves the last good ones",
            running + [
                (100, .fetchDue), (100, .fetchEnded(all(foreign))),
            ],
            failed(
                foreign, foreign.explained(RemoteKeyRules()), .lastGood, after: .milliseconds(750))),
        Row(
            "one version's failure leaves the other's keys new",
            [
                (0, .started), (0, .arrived(report, .v2)), (0, .fetchEnded([.v1: refused])),
            ],
            [
                .count(result: "connect"), .publish, .lookAtAgeAfter(seconds: day),
                .log(.failed(refused, cause: refusal, keys: .someNew, leftOut: 0)), .release,
                .fetchAfter(.milliseconds(750)),
            ]),
        Row(
            "a version that was never served is no failure",
            [
                (0, .started), (0, .arrived(report, .v2)), (0, .fetchEnded([.v1: .metadata(.status(404))])),
            ],
            [
                .count(result: "success"), .publish, .lookAtAgeAfter(seconds: day), .log(.refreshed(keys: 1)), .release,
                .fetchAfter(.seconds(3420)),
            ]),
        Row(
            "the proxy is named where it may be the cause", RemoteKeyRules(proxyName: "proxy.example"),
            [
                (0, .started), (0, .fetchEnded(all(.metadata(.proxyUnreachable)))),
            ],
            failed(
                .metadata(.proxyUnreachable),
                KeyFetchError.metadata(.proxyUnreachable).sentence + "; the proxy is proxy.example", .none,
                after: .milliseconds(750))),

        // Age
        Row(
            "a look at keys that are young plans the next look", running + [(100, .ageDue)],
            [
                .lookAtAgeAfter(seconds: day - 100)
            ]),
        Row(
            "keys that are too old are handed on no longer, and it is said", running + [(day, .ageDue)],
            [
                .publish, .lookAtAgeAfter(seconds: nil), .log(.tooOld),
            ]),
        Row(
            "keys that are too old without a look are gone with the next failure's plan",
            running + [
                (day, .ageDue), (day, .handedOn(count: 0, usableUntil: nil)), (day, .fetchDue),
                (day, .fetchEnded(all(refused))),
            ], failed(refused, refusal, .none, after: .milliseconds(750))),

        // Files
        Row(
            "a cache file's keys are as old as they say", cached,
            [
                (0, .started), (0, .cacheRead(report, fetchedAt: beginning.adding(seconds: -100))),
            ],
            [
                .publish, .lookAtAgeAfter(seconds: day - 100),
                .log(.cacheTaken(fetchedAt: beginning.adding(seconds: -100))),
            ]),
        Row(
            "a cache file that is too old is ignored", cached,
            [
                (0, .started), (0, .cacheRead(report, fetchedAt: beginning.adding(seconds: -day))),
            ], [.log(.cacheIgnored(.tooOld))]),
        Row(
            "a cache file from the future is ignored", cached,
            [
                (0, .started), (0, .cacheRead(report, fetchedAt: beginning.adding(seconds: 301))),
            ], [.log(.cacheIgnored(.fromTheFuture))]),
        Row(
            "another clock may be five minutes ahead, and the keys are as old as now", cached,
            [
                (0, .started), (0, .cacheRead(report, fetchedAt: beginning.adding(seconds: 300))),
            ],
            [
                .publish, .lookAtAgeAfter(seconds: day), .log(.cacheTaken(fetchedAt: beginning.adding(seconds: 300))),
            ]),
        Row(
            "a cache file that is older than what is in memory says nothing new", cached,
            running + [
                (10, .cacheRead(report, fetchedAt: beginning.adding(seconds: -1)))
            ], []),
        Row(
            "a cache file that is not there yet is no fault", cached,
            [
                (0, .started), (0, .cacheFailed(.file(.missing))),
            ], []),
        Row(
            "a cache file that another user may write is ignored", cached,
            [
                (0, .started), (0, .cacheFailed(.file(.writableByAll))),
            ], [.log(.cacheIgnored(.file(.writableByAll)))]),
        Row(
            "an offline file that has changed is read", offline,
            [
                (0, .started), (0, .fileRead(report, nil)), (1, .fileLookedAt(FileVersion(path: "/"))),
            ], [.readFile, .lookAtFileAfter(.seconds(1))]),
        Row(
            "an offline file that has not changed is not read", offline,
            [
                (0, .started), (0, .fileRead(report, nil)), (1, .fileLookedAt(nil)),
            ], [.lookAtFileAfter(.seconds(1))]),
        Row(
            "an offline file's keys do not age", offline, [(0, .started), (0, .fileRead(report, nil))],
            [
                .count(result: "success"), .publish, .lookAtAgeAfter(seconds: nil), .log(.refreshed(keys: 1)),
            ]),
        Row(
            "keys of an offline file that were fetched two days ago are ordinary", offline,
            [(0, .started), (0, .fileRead(report, nil, fetchedAt: beginning.adding(seconds: -2 * day)))],
            [
                .count(result: "success"), .publish, .lookAtAgeAfter(seconds: nil), .log(.refreshed(keys: 1)),
            ]),
        Row(
            "keys of an offline file that were fetched longer ago are used, and the log says it", offline,
            [(0, .started), (0, .fileRead(report, nil, fetchedAt: beginning.adding(seconds: -2 * day - 1)))],
            [
                .count(result: "success"), .publish, .lookAtAgeAfter(seconds: nil), .log(.refreshed(keys: 1)),
                .log(.fileIsOld(fetchedAt: beginning.adding(seconds: -2 * day - 1))),
            ]),
        Row(
            "an offline file without usable keys leaves the last good ones", offline,
            [
                (0, .started), (0, .fileRead(report, nil)),
                (0, .handedOn(count: 1, usableUntil: Timestamp(secondsSinceEpoch: .max))), (1, .fileRead(empty, nil)),
            ],
            [
                .count(result: "file"),
                .log(
                    .failed(
                        .file(.noUsableKeys(nil)), cause: KeyFileError.noUsableKeys(nil).sentence, keys: .lastGood,
                        leftOut: 0)),
            ]),
        Row("SIGHUP reads an offline file, changed or not", offline, [(0, .started), (1, .fileAskedFor)], [.readFile]),
        Row("SIGHUP changes nothing where keys are fetched", running + [(1, .fileAskedFor)], []),

        // The tenant is gone
        Row(
            "a tenant that is removed: nothing is due any more, and reviews that wait go on",
            running + [
                (9, .keyUnknown), (9, .stopped),
            ], [.cancelTimers, .release]),
        Row(
            "keys that arrive for a tenant that was removed are nobody's",
            [
                (0, .started), (0, .stopped), (1, .arrived(report, .v2)),
            ], []),
        Row(
            "the end of a fetch for a tenant that was removed plans no other",
            [
                (0, .started), (0, .stopped), (1, .fetchEnded([:])),
            ], []),
        Row(
            "an unknown key ID of a tenant that was removed waits for nothing",
            running + [
                (0, .stopped), (400, .keyUnknown),
            ], []),
    ]

    static func failed(
        _ failure: KeyFetchError, _ cause: String, _ keys: KeyLogLine.Keys, after wait: Duration
    ) -> [Action] {
        [
            .count(result: failure.label), .log(.failed(failure, cause: cause, keys: keys, leftOut: 0)), .release,
            .fetchAfter(wait),
        ]
    }

    /// The state after some events, and the actions of the last one. Chance is 1/2, and uptime follows the clock.
    static func run(
        _ state: inout RemoteKeyState, _ events: [(Int64, Event)], random: Double = 0.5
    ) -> [Action] {
        var actions: [Action] = []
        for (second, event) in events {
            let moment = RemoteKeyState.Moment(
                now: beginning.adding(seconds: second), uptime: .uptimeNanoseconds(1) + .seconds(second), random: random
            )
            actions = state.handle(event, at: moment)
        }
        return actions
    }

    @Test("each event has its actions, in order", arguments: rows)
    func event(row: Row) {
        #expect(!Self.report.usable.isEmpty)
        var state = RemoteKeyState(row.rules, tenantID: .zero)
        #expect(Self.run(&state, row.events.map { ($0.second, $0.event) }) == row.actions)
    }

    @Test("another state of the same source hands over its keys, its restraint and those who wait")
    func tookOver() {
        var former = RemoteKeyState(RemoteKeyRules(), tenantID: .zero)
        _ = Self.run(&former, Self.running + [(9, .keyUnknown)])
        var state = RemoteKeyState(RemoteKeyRules(maximumWaiters: 1), tenantID: .zero)
        #expect(
            Self.run(&state, [(10, .tookOver(former.keys, waiters: 1))]) == [
                .publish, .lookAtAgeAfter(seconds: Self.day - 10),
            ])
        #expect(Self.run(&state, [(10, .started)]) == [.fetch])
        // One waits already, and that is as many as may.
        #expect(Self.run(&state, [(10, .keyUnknown)]).isEmpty)
        #expect(Self.run(&state, Self.fetched(11) + [(12, .keyUnknown)]).isEmpty)
        #expect(Self.run(&state, [(309, .keyUnknown)]).first == .wait)
    }

    @Test("problems of keys are logged when they change, and not at each fetch")
    func problems() throws {
        let trust = try SimulatedAuthority().trust
        let weak = JSON.object([("kty", "EC"), ("kid", "x")])
        let report = try KeySetReader.read(JSON.object([("keys", .array([weak]))]).render(), trust: trust)
        var state = RemoteKeyState(RemoteKeyRules(), tenantID: .zero)
        let logged = [report, report, Self.report].map { report in
            let actions = Self.run(&state, [(0, .fetchDue), (0, .arrived(report, .v2)), (0, .fetchEnded([:]))])
            return actions.contains { if case .log(.unusable) = $0 { true } else { false } }
        }
        #expect(logged == [true, false, false])
    }
}
