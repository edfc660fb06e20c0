import Authentication
import Entra
import Jansson
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded
import TestSupport
import Testing
import Timestamps

@testable import DirectoryGroups
@testable import HTTPSClient

/// The watch on an event loop whose time the test makes, with a Graph that answers as the test says.
@Suite struct DirectoryWatcherTests {
    /// What one batch is answered with.
    enum Answer: Sendable {
        case healthy
        case status(Int, retryAfter: String?)
        case silence
    }

    final class TestGraph: WatchTransport {
        private struct State {
            var answer = Answer.healthy
            var sizes: [Int] = []
            var inFlight = 0
            var mostInFlight = 0
            var held: [EventLoopPromise<GraphReply>] = []
        }

        private let loop: EmbeddedEventLoop
        private let state = NIOLockedValueBox(State())
        /// How long an answer takes.
        let delay: TimeAmount

        init(_ loop: EmbeddedEventLoop, delay: TimeAmount = .milliseconds(50)) {
            self.loop = loop
            self.delay = delay
        }

        var sizes: [Int] { state.withLockedValue { $0.sizes } }
        var mostInFlight: Int { state.withLockedValue { $0.mostInFlight } }
        func set(_ answer: Answer) { state.withLockedValue { $0.answer = answer } }

        func prepare() {}
        func token() -> EventLoopFuture<String> { loop.makeSucceededFuture("token") }
        func drop(_ token: String) {}
        func close() {}

        func send(_ batch: [UInt8], token: String) -> EventLoopFuture<GraphReply> {
            let promise = loop.makePromise(of: GraphReply.self)
            let requests = (try? JSONDocument(parsing: batch))?.root["requests"]?.array.map { Array($0) } ?? []
            let answer = state.withLockedValue { state in
                state.sizes.append(requests.count)
                state.inFlight += 1
                state.mostInFlight = max(state.mostInFlight, state.inFlight)
                if case .silence = state.answer { state.held.append(promise) }
                return state.answer
            }
            let parts = requests.map { request -> JSON in
                let id = request["id"]?.string ?? ""
                let principal = request["url"]?.string?.split(separator: "/").last?.split(separator: "?").first
                let body: JSON =
                    request["method"]?.string == "GET"
                    ? .object([("id", .string(String(principal ?? ""))), ("accountEnabled", .bool(true))])
                    : .object([("value", .array([]))])
                return .object([("id", .string(id)), ("status", .integer(200)), ("body", body)])
            }
            loop.scheduleTask(in: delay) { [state] in
                state.withLockedValue { $0.inFlight -= 1 }
                switch answer {
                case .healthy:
                    let body = JSON.object([("responses", .array(parts))]).render()
                    promise.succeed(.response(HTTPSResponse(status: 200, headers: [], body: body)))
                case .status(let code, let retryAfter):
                    let headers = retryAfter.map { [(name: "Retry-After", value: $0)] } ?? []
                    promise.succeed(.response(HTTPSResponse(status: code, headers: headers, body: [])))
                case .silence: break
                }
            }
            return promise.futureResult
        }

        func end() {
            for promise in state.withLockedValue({ $0.held }) { promise.fail(DirectoryError.deadline) }
            loop.run()
        }
    }

    final class WatchedDirectory {
        let loop = EmbeddedEventLoop()
        let graph: TestGraph
        let watcher: DirectoryWatcher
        let recorder = LogRecorder()
        /// Seconds since 1970.
        let time = NIOLockedValueBox<Int64>(1_800_000_000)
        let facts = NIOLockedValueBox<WatchFacts.Tenant?>(nil)
        let outcomes = NIOLockedValueBox<[WatchOutcome: Int]>([:])

        init(every: Duration, refuses: Bool = false, delay: TimeAmount = .milliseconds(50)) throws {
            let facts = facts
            let outcomes = outcomes
            let time = time
            graph = TestGraph(loop, delay: delay)
            var settings = DirectorySettings(clientID: nil, credential: .managedIdentity)
            settings.graphEndpoint = "https://localhost"
            settings.cacheFor = .zero
            settings.watchEvery = every
            settings.whenSilent = refuses ? .refuse : .keep
            let configuration = DirectoryConfiguration(
                trust: TokenValidationRules(tenantID: .zero, audiences: []), settings: settings,
                groups: [try WatchStateTests.id(9000)],
                graphClient: { () throws(HTTPSError) in throw .unreachable },
                authorityClient: { () throws(HTTPSError) in throw .unreachable })
            watcher = DirectoryWatcher(
                configuration: configuration, eventLoop: loop,
                logger: recorder.logger(), transport: graph,
                clock: { Timestamp(secondsSinceEpoch: time.withLockedValue { $0 }) },
                observe: { outcome in outcomes.withLockedValue { $0[outcome, default: 0] += 1 } },
                publish: { new in facts.withLockedValue { $0 = new } })
            watcher.start()
            loop.run()
        }

        func signIn(_ numbers: Range<Int>, until end: Int64 = 1_900_000_000) throws {
            for number in numbers {
                watcher.remember(
                    WatchInterest(
                        tenantID: .zero, objectID: try WatchStateTests.id(number), kind: .user,
                        until: Timestamp(secondsSinceEpoch: end)))
            }
            loop.run()
        }

        func pass(_ seconds: Double) { loop.advanceTime(by: .milliseconds(Int64(seconds * 1000))) }

        var log: [String] { recorder.lines.map(\.text) }

        func end() {
            watcher.stop()
            graph.end()
            pass(10)
        }
    }

    @Test("batches have at most 20 questions, and at most 16 are under way")
    func batches() throws {
        let stage = try WatchedDirectory(every: .seconds(30), delay: .milliseconds(900))
        try stage.signIn(0..<1000)
        stage.pass(30)
        #expect(stage.graph.sizes.reduce(0, +) >= 2000)
        #expect(stage.graph.sizes.allSatisfy { (1...20).contains($0) })
        #expect(stage.graph.mostInFlight <= 16)
        #expect(stage.facts.withLockedValue { $0?.principals.values.count { $0.account != nil } } == 1000)
        stage.end()
    }

    @Test(
        "the questions about many are spread over watchEvery, and their requests are nearly full",
        arguments: [200, 2000])
    func evenly(people: Int) throws {
        let stage = try WatchedDirectory(every: .seconds(2), delay: .milliseconds(10))
        try stage.signIn(0..<people)
        stage.pass(10)
        // In each tenth of a second for five seconds.
        var counts: [Int] = []
        var requests = 0
        for _ in 0..<50 {
            let before = stage.graph.sizes.count
            stage.pass(0.1)
            counts.append(stage.graph.sizes.dropFirst(before).reduce(0, +))
            requests += stage.graph.sizes.count - before
        }
        let even = people * 2 / 20
        #expect(counts.allSatisfy { $0 <= even * 2 }, "\(counts)")
        let asked = counts.reduce(0, +)
        #expect(asked >= even * 45 && asked <= even * 60, "\(asked)")
        #expect(requests <= asked / 20 * 3 / 2, "\(requests) requests")
        stage.end()
    }

    @Test("no more than 4,000 questions are asked in a second, and the log says what that does")
    func rate() throws {
        let stage = try WatchedDirectory(every: .seconds(1), delay: .milliseconds(10))
        try stage.signIn(0..<6000)
        stage.pass(2)
        let before = stage.graph.sizes.reduce(0, +)
        stage.pass(10)
        let asked = stage.graph.sizes.reduce(0, +) - before
        #expect(asked <= 10 * DirectoryWatcher.questionsEachSecond + 320)
        #expect(asked > 20_000)
        let said = stage.log.filter { $0.contains("asks less often than watchEvery") }
        #expect(said.count == 1 && said[0].contains("questionsEachRound="), "\(stage.log)")
        stage.end()
    }

    @Test("a Graph that answers too slowly for so many is named once, an outage is not that")
    func slow() throws {
        let stage = try WatchedDirectory(every: .seconds(2), delay: .milliseconds(1500))
        try stage.signIn(0..<2000)
        stage.pass(60)
        let said = stage.log.filter { $0.contains("answers too slowly for so many") }
        #expect(said.count == 1, "\(stage.log)")
        stage.end()
        let quick = try WatchedDirectory(every: .seconds(2))
        try quick.signIn(0..<200)
        quick.pass(10)
        quick.graph.set(.status(500, retryAfter: nil))
        quick.pass(60)
        quick.graph.set(.healthy)
        quick.pass(60)
        #expect(!quick.log.contains { $0.contains("less often") }, "\(quick.log)")
        quick.end()
    }

    @Test(
        "who is one too many is judged by the token, or refused, and the log says which, once",
        arguments: [(false, "others=judged by their tokens alone"), (true, "others=refused")])
    func full(refuses: Bool, expected: String) throws {
        let stage = try WatchedDirectory(every: .seconds(600), refuses: refuses)
        try stage.signIn(0..<(WatchState.maximumPrincipals + 3))
        #expect(stage.facts.withLockedValue { $0?.isFull } == true)
        let said = stage.log.filter { $0.contains("more principals sign in than are watched") }
        #expect(said.count == 1 && said[0].contains(expected), "\(said)")
        stage.end()
    }

    @Test("that there are too many is said again after most of them have gone")
    func fullAgain() throws {
        let stage = try WatchedDirectory(every: .seconds(600))
        try stage.signIn(0..<(WatchState.maximumPrincipals + 3), until: 1_900_000_000)
        // Whoever is being asked about stays until the answer, and 200 batches are sent in a second.
        stage.pass(7)
        stage.time.withLockedValue { $0 = 1_900_000_000 }
        stage.pass(1)
        #expect(stage.facts.withLockedValue { $0?.principals.isEmpty } == true)
        try stage.signIn(0..<(WatchState.maximumPrincipals + 3), until: 2_000_000_000)
        #expect(stage.log.count { $0.contains("more principals sign in than are watched") } == 2)
        stage.end()
    }

    @Test("a 429 of the batch pauses every question for Retry-After", arguments: [429, 503])
    func pause(status: Int) throws {
        let stage = try WatchedDirectory(every: .seconds(1))
        try stage.signIn(0..<40)
        stage.pass(3)
        stage.graph.set(.status(status, retryAfter: "20"))
        stage.pass(3)
        stage.graph.set(.healthy)
        try stage.signIn(40..<60)
        let before = stage.graph.sizes.count
        stage.pass(15)
        #expect(stage.graph.sizes.count == before)
        stage.pass(10)
        #expect(stage.graph.sizes.count > before)
        #expect(stage.facts.withLockedValue { $0?.principals.values.count { $0.account != nil } } == 60)
        #expect(stage.outcomes.withLockedValue { $0[.throttled] ?? 0 } > 0)
        stage.end()
    }

    @Test("an outage with a very long Retry-After is asked about within a minute")
    func longPause() throws {
        let stage = try WatchedDirectory(every: .seconds(1))
        try stage.signIn(0..<20)
        stage.pass(3)
        stage.graph.set(.status(503, retryAfter: "86400"))
        stage.pass(3)
        stage.graph.set(.healthy)
        let before = stage.graph.sizes.count
        stage.pass(62)
        #expect(stage.graph.sizes.count > before)
        stage.end()
    }

    @Test("a directory that keeps failing is tried with one batch at a time, and asked again within ten seconds")
    func outage() throws {
        let stage = try WatchedDirectory(every: .seconds(1))
        try stage.signIn(0..<400)
        stage.pass(5)
        stage.graph.set(.status(500, retryAfter: nil))
        stage.pass(20)
        let before = stage.graph.sizes.count
        stage.pass(60)
        #expect(stage.graph.sizes.count - before <= 14, "one batch in five seconds")
        stage.graph.set(.healthy)
        let answered = stage.outcomes.withLockedValue { $0[.success] ?? 0 }
        stage.pass(10)
        #expect(stage.outcomes.withLockedValue { $0[.success] ?? 0 } - answered >= 800)
        stage.end()
    }

    @Test("no answer within the timeout is a failure, and the watch goes on")
    func silence() throws {
        let stage = try WatchedDirectory(every: .seconds(1))
        try stage.signIn(0..<10)
        stage.graph.set(.silence)
        stage.pass(30)
        #expect(stage.outcomes.withLockedValue { $0[.failure] ?? 0 } > 0)
        stage.graph.set(.healthy)
        stage.pass(12)
        #expect(stage.facts.withLockedValue { $0?.principals.values.count { $0.account != nil } } == 10)
        stage.end()
    }

    @Test("the end of the watch forgets the answers, asks nobody, and keeps nobody waiting")
    func stop() throws {
        let stage = try WatchedDirectory(every: .seconds(1))
        try stage.signIn(0..<10)
        stage.pass(3)
        stage.graph.set(.silence)
        let interest = WatchInterest(
            tenantID: .zero, objectID: try WatchStateTests.id(77), kind: .user,
            until: Timestamp(secondsSinceEpoch: 1_900_000_000))
        let first = stage.watcher.firstAnswer(interest, deadline: stage.loop.now + .seconds(5), on: stage.loop)
        let isOver = NIOLockedValueBox(false)
        first.whenComplete { _ in isOver.withLockedValue { $0 = true } }
        stage.pass(0.5)
        #expect(!isOver.withLockedValue { $0 })
        stage.watcher.stop()
        stage.pass(0)
        #expect(isOver.withLockedValue { $0 })
        #expect(stage.facts.withLockedValue { $0 } == nil)
        let before = stage.graph.sizes.count
        stage.pass(10)
        #expect(stage.graph.sizes.count == before)
        stage.end()
    }
}
