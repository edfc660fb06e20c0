import Jansson
import NIOConcurrencyHelpers
import NIOCore
import NIOEmbedded

@testable import DirectoryGroups
@testable import HTTPSClient

/// A Microsoft Graph that answers when the test's schedule says, and keeps account of what has arrived.
///
/// One for each watcher: what arrives for one that was replaced counts for nothing.
// Sendable without checks: everything happens on the test's thread.
final class ScheduledGraph: WatchTransport, @unchecked Sendable {
    enum Mode: CaseIterable {
        case healthy
        /// Some parts fail, are missing, or are throttled for three seconds.
        case parts
        /// Nobody may ask about accounts.
        case accountsForbidden
        case failing
        case hanging
        /// After the watch has given up.
        case late
        /// A 429 with eight seconds to wait.
        case throttling
    }

    /// Takes what arrived about one person: the parts about its account and its groups, the groups that were asked
    /// about, when it was asked, and of when the answer is.
    typealias Delivery = (Int, WatchModel.Part, WatchModel.Part, [Int], Int, Int) -> Void

    var isRetired = false
    private let loop: EmbeddedEventLoop
    private let now: () -> Int
    private let random: () -> UInt64
    private let mode: () -> Mode
    private let person: (Int) -> WatchModel.Person
    private let deliver: Delivery
    /// Told of the time before which nobody is to be asked about: one person, or nil for all.
    private let toldToWait: (Int?, Int) -> Void
    private var held: [EventLoopPromise<GraphReply>] = []

    init(
        loop: EmbeddedEventLoop, now: @escaping () -> Int, random: @escaping () -> UInt64,
        mode: @escaping () -> Mode, person: @escaping (Int) -> WatchModel.Person, deliver: @escaping Delivery,
        toldToWait: @escaping (Int?, Int) -> Void
    ) {
        self.loop = loop
        self.now = now
        self.random = random
        self.mode = mode
        self.person = person
        self.deliver = deliver
        self.toldToWait = toldToWait
    }

    func prepare() {}
    func token() -> EventLoopFuture<String> { loop.makeSucceededFuture("token") }
    func drop(_ token: String) {}
    func close() {}

    private struct Question {
        var id: String
        var person: Int
        /// Nil for the account.
        var groups: [Int]?
    }

    func send(_ batch: [UInt8], token: String) -> EventLoopFuture<GraphReply> {
        let promise = loop.makePromise(of: GraphReply.self)
        let questions = Self.questions(batch)
        let asked = now()
        let mode = mode()
        let (before, after) = (Int64(random() % 700), Int64(random() % 700))
        let extra: Int64 = mode == .late ? 2500 : 0
        switch mode {
        case .hanging: held.append(promise)
        case .failing:
            loop.scheduleTask(in: .milliseconds(before)) {
                promise.succeed(.response(HTTPSResponse(status: 500, headers: [], body: [])))
            }
        case .throttling:
            loop.scheduleTask(in: .milliseconds(before)) { [self] in
                toldToWait(nil, now() + 8000)
                promise.succeed(
                    .response(HTTPSResponse(status: 429, headers: [(name: "Retry-After", value: "8")], body: [])))
            }
        case .healthy, .parts, .accountsForbidden, .late:
            // The answer is of a moment between the question and its arrival.
            loop.scheduleTask(in: .milliseconds(before)) { [self] in
                let facts = questions.map { person($0.person) }
                let time = now()
                loop.scheduleTask(in: .milliseconds(after + extra)) { [self] in
                    answer(promise, questions, facts, mode, asked: asked, true: time, isLate: extra > 0)
                }
            }
        }
        return promise.futureResult
    }

    private func answer(
        _ promise: EventLoopPromise<GraphReply>, _ questions: [Question], _ facts: [WatchModel.Person], _ mode: Mode,
        asked: Int, true time: Int, isLate: Bool
    ) {
        var parts: [JSON] = []
        var arrived: [Int: (account: WatchModel.Part, membership: WatchModel.Part, groups: [Int])] = [:]
        for (question, person) in zip(questions, facts) {
            let (part, text) = reply(question, person, mode)
            if let text { parts.append(text) }
            var known = arrived[question.person] ?? (.failed, .failed, [])
            if let groups = question.groups {
                known.membership = part
                known.groups = groups
            } else {
                known.account = part
            }
            arrived[question.person] = known
        }
        if !isRetired, !isLate {
            for (person, parts) in arrived {
                deliver(person, parts.account, parts.membership, parts.groups, asked, time)
            }
        }
        let body = JSON.object([("responses", .array(parts.reversed()))]).render()
        promise.succeed(.response(HTTPSResponse(status: 200, headers: [], body: body)))
    }

    /// What one part says, and how it is written; nil for one that is left out.
    private func reply(_ question: Question, _ person: WatchModel.Person, _ mode: Mode) -> (WatchModel.Part, JSON?) {
        func part(_ status: Int, _ body: JSON, headers: JSON = .object([])) -> JSON {
            .object([
                ("id", .string(question.id)), ("status", .integer(Int64(status))), ("headers", headers), ("body", body),
            ])
        }
        if mode == .accountsForbidden, question.groups == nil { return (.forbidden, part(403, .object([]))) }
        if mode == .parts {
            switch random() % 6 {
            case 0: return (.failed, nil)
            case 1: return (.failed, part(500, .object([])))
            case 2:
                if !isRetired { toldToWait(question.person, now() + 3000) }
                return (.failed, part(429, .object([]), headers: .object([("retry-after", "3")])))
            case 3: return (.failed, part(404, .object([("error", .object([("code", "Directory_Other")]))])))
            default: break
            }
        }
        guard !person.isDeleted else {
            return (
                .answer(person), part(404, .object([("error", .object([("code", "Request_ResourceNotFound")]))]))
            )
        }
        guard let groups = question.groups else {
            let time = RunningWatch.rfc3339(person.sessionsValidFrom)
            return (
                .answer(person),
                part(
                    200,
                    .object([
                        ("id", .string(RunningWatch.personID(question.person))),
                        ("accountEnabled", .bool(person.isEnabled)), ("signInSessionsValidFromDateTime", .string(time)),
                    ]))
            )
        }
        let members = groups.filter(person.groups.contains).map { JSON.string(RunningWatch.groupID($0)) }
        return (.answer(person), part(200, .object([("value", .array(members))])))
    }

    private static func questions(_ batch: [UInt8]) -> [Question] {
        let requests = (try? JSONDocument(parsing: batch))?.root["requests"]?.array.map { Array($0) } ?? []
        return requests.compactMap { request in
            guard let id = request["id"]?.string, let url = request["url"]?.string,
                let objectID = url.split(separator: "/").dropFirst().first?.split(separator: "?").first,
                let person = Int(objectID.suffix(4))
            else { return nil }
            let groups = request["body"]?["groupIds"]?.array?.compactMap { $0.string.flatMap { Int($0.suffix(4)) } }
            return Question(id: id, person: person, groups: groups)
        }
    }

    func end() {
        for promise in held { promise.fail(DirectoryError.deadline) }
        held = []
    }
}
