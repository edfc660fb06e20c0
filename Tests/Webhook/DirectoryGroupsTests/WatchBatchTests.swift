import Entra
import Jansson
import Testing
import Timestamps

@testable import DirectoryGroups

/// The form of a batch, and what is made of each part of an answer.
@Suite struct WatchBatchTests {
    static let person = WatchStateTests.id
    static let id = "\"id\":\"00000000-0000-4000-8000-000000000001\""
    static let account = "{\(id),\"accountEnabled\":true,\"signInSessionsValidFromDateTime\":\"2026-01-02T03:04:05Z\"}"

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var part: String
        var isAboutAccount = true
        var expected: WatchReply

        var testDescription: String { name }
    }

    private static let now = Timestamp(secondsSinceEpoch: 1_796_040_000)

    static let cases: [Case] = [
        Case(
            name: "an account", part: "\"status\":200,\"body\":\(account)",
            expected: .account(isEnabled: true, sessionsValidFrom: Timestamp(rfc3339: "2026-01-02T03:04:05Z"))),
        Case(
            name: "an application's account", part: "\"status\":200,\"body\":{\(id),\"accountEnabled\":false}",
            expected: .account(isEnabled: false, sessionsValidFrom: nil)),
        Case(
            name: "a time with a fraction counts as the next second",
            part: "\"status\":200,\"body\":{\(id),\"accountEnabled\":true,\"signInSessionsValidFromDateTime\":"
                + "\"2026-01-02T03:04:05.1Z\"}",
            expected: .account(isEnabled: true, sessionsValidFrom: Timestamp(rfc3339: "2026-01-02T03:04:06Z"))),
        Case(
            name: "a time that is none",
            part: "\"status\":200,\"body\":{\(id),\"accountEnabled\":true,"
                + "\"signInSessionsValidFromDateTime\":\"yesterday\"}",
            expected: .unclear),
        Case(
            name: "accountEnabled that was not selected", part: "\"status\":200,\"body\":{\(id)}",
            expected: .unclear),
        Case(
            name: "an account of somebody else",
            part: "\"status\":200,\"body\":{\"id\":\"00000000-0000-4000-8000-000000000002\","
                + "\"accountEnabled\":false}",
            expected: .unclear),
        Case(
            name: "an account of nobody", part: "\"status\":200,\"body\":{\"accountEnabled\":false}",
            expected: .unclear),
        Case(
            name: "no group", part: "\"status\":200,\"body\":{\"value\":[]}", isAboutAccount: false,
            expected: .members([])),
        Case(
            name: "groups that go on elsewhere",
            part: "\"status\":200,\"body\":{\"@odata.nextLink\":\"x\",\"value\":[]}", isAboutAccount: false,
            expected: .unclear),
        Case(
            name: "a group that was not asked about",
            part: "\"status\":200,\"body\":{\"value\":[\"77777777-0000-0000-0000-000000000000\"]}",
            isAboutAccount: false, expected: .members([])),
        Case(
            name: "a group that is no ID", part: "\"status\":200,\"body\":{\"value\":[\"x\"]}", isAboutAccount: false,
            expected: .unclear),
        Case(
            name: "deleted", part: "\"status\":404,\"body\":{\"error\":{\"code\":\"Request_ResourceNotFound\"}}",
            expected: .deleted),
        Case(
            name: "another 404", part: "\"status\":404,\"body\":{\"error\":{\"code\":\"Request_UnsupportedQuery\"}}",
            expected: .unclear),
        Case(name: "forbidden", part: "\"status\":403,\"body\":{}", expected: .forbidden),
        Case(name: "a token that ended", part: "\"status\":401,\"body\":{}", expected: .unauthorized),
        Case(
            name: "throttled, in any spelling of the header",
            part: "\"status\":429,\"headers\":{\"retry-AFTER\":\"17\"},\"body\":{}",
            expected: .throttled(seconds: 17)),
        Case(
            name: "throttled until a date, by the server's clock",
            part: "\"status\":429,\"headers\":{\"Retry-After\":\"Mon, 30 Nov 2026 12:01:30 GMT\"}",
            expected: .throttled(seconds: 90)),
        Case(
            name: "throttled until a date that has passed",
            part: "\"status\":429,\"headers\":{\"Retry-After\":\"Mon, 30 Nov 2026 11:00:00 GMT\"}",
            expected: .throttled(seconds: 1)),
        Case(
            name: "throttled for longer than a day", part: "\"status\":429,\"headers\":{\"Retry-After\":\"999999999\"}",
            expected: .throttled(seconds: 86_400)),
        Case(
            name: "throttled without a time", part: "\"status\":429,\"body\":{}", expected: .throttled(seconds: 1)),
        Case(name: "a failure", part: "\"status\":503,\"body\":{}", expected: .failed),
        Case(name: "no status", part: "\"body\":\(account)", expected: .failed),
    ]

    @Test("each part of an answer", arguments: cases)
    func part(_ one: Case) throws {
        let group = try Self.person(9000)
        let question = WatchQuestion(
            objectID: try Self.person(1), collection: .users,
            kind: one.isAboutAccount ? .account : .membership([group]))
        let text = "{\"responses\":[{\"id\":\"1\",\(one.part)}]}"
        let document = Array(text.utf8)
        #expect(WatchBatch.decode(document, questions: [question], now: { Self.now }) == [one.expected])
    }

    @Test("a part that is there twice says nothing, whatever the two say and in which order", arguments: [true, false])
    func twice(isFirstGood: Bool) throws {
        let questions = [WatchQuestion(objectID: try Self.person(1), collection: .users, kind: .account)]
        let good = "{\"id\":\"1\",\"status\":200,\"body\":\(Self.account)}"
        let deleted =
            "{\"id\":\"1\",\"status\":404,\"body\":{\"error\":{\"code\":\"Request_ResourceNotFound\"}}}"
        let parts = isFirstGood ? "\(good),\(deleted)" : "\(deleted),\(good)"
        let document = Array("{\"responses\":[\(parts)]}".utf8)
        #expect(WatchBatch.decode(document, questions: questions, now: { Self.now }) == [.unclear])
    }

    @Test("answers belong to their questions whatever their order, and what is missing has failed")
    func order() throws {
        let questions = try (1...3).map {
            WatchQuestion(objectID: try Self.person($0), collection: .users, kind: .account)
        }
        let text = """
            {"responses":[{"id":"3","status":403},{"id":"9","status":200},{"id":"x","status":200},{"id":"0","status":200},
            {"id":"-9223372036854775808","status":200},{"id":"9223372036854775807","status":200},
            {"id":"1","status":200,"body":\(Self.account)}]}
            """
        let document = Array(text.utf8)
        let replies = try #require(WatchBatch.decode(document, questions: questions, now: { Self.now }))
        #expect(replies[1] == .failed && replies[2] == .forbidden)
        if case .account(true, _) = replies[0] {} else { Issue.record("\(replies[0])") }
        for text in ["{}", "[]", "{\"responses\":{}}", "{\"responses\":[1,null,[]]}"] {
            let document = Array(text.utf8)
            let replies = WatchBatch.decode(document, questions: questions, now: { Self.now })
            #expect(replies == [.failed, .failed, .failed])
        }
    }

    @Test(
        "an answer that is not JSON is no answer",
        arguments: ["", "<html>", "{\"responses\":[", "{\"responses\":[],\"responses\":[]}", "{} {}", "\u{FEFF}{}"])
    func malformed(_ text: String) throws {
        let questions = [WatchQuestion(objectID: try Self.person(1), collection: .users, kind: .account)]
        #expect(WatchBatch.decode(Array(text.utf8), questions: questions, now: { Self.now }) == nil)
    }

    @Test("names and values may be written with escapes, and in any order")
    func escapes() throws {
        let questions = [
            WatchQuestion(objectID: try Self.person(1), collection: .users, kind: .account),
            WatchQuestion(
                objectID: try Self.person(1), collection: .users, kind: .membership([try Self.person(9000)])),
        ]
        let text = #"""
            {"@odata.context":"x","respon\u0073es":[
            {"body":{"value":["00000000-0000-4000-8000-00000000900\u0030"]},"headers":{},"status":200,"id":2},
            {"body":{"accountEnabled":true,"i\u0064":"00000000-0000-4000-8000-00000000000\u0031"},"\u0073tatus":200,
            "id":"1"}]}
            """#
        #expect(
            WatchBatch.decode(Array(text.utf8), questions: questions, now: { Self.now }) == [
                .account(isEnabled: true, sessionsValidFrom: nil), .members([try Self.person(9000)]),
            ])
    }

    @Test("a batch has the form that Microsoft Graph reads")
    func encoding() throws {
        let groups = [try Self.person(9000), try Self.person(9001)]
        let questions = [
            WatchQuestion(objectID: try Self.person(1), collection: .users, kind: .account),
            WatchQuestion(objectID: try Self.person(2), collection: .servicePrincipals, kind: .account),
            WatchQuestion(objectID: try Self.person(3), collection: .users, kind: .membership(groups)),
        ]
        let text = String(decoding: WatchBatch.encode(questions), as: UTF8.self)
        #expect(
            text == #"{"requests":["#
                + #"{"id":"1","method":"GET","url":"/users/00000000-0000-4000-8000-000000000001"#
                + #"?$select=id,accountEnabled,signInSessionsValidFromDateTime"},"#
                + #"{"id":"2","method":"GET","url":"/servicePrincipals/00000000-0000-4000-8000-000000000002"#
                + #"?$select=id,accountEnabled"},"#
                + #"{"id":"3","method":"POST","url":"/users/00000000-0000-4000-8000-000000000003/checkMemberGroups","#
                + #""headers":{"Content-Type":"application/json"},"body":{"groupIds":["#
                + #""00000000-0000-4000-8000-000000009000","00000000-0000-4000-8000-000000009001"]}}]}"#)
        #expect(throws: Never.self) { try JSONDocument(parsing: Array(text.utf8)) }
    }
}
