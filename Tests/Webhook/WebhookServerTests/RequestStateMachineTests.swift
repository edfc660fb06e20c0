import NIOCore
import Testing

@testable import WebhookServer

@Suite struct RequestStateMachineTests {
    struct Head: Sendable, CustomTestStringConvertible {
        var name: String
        var method = RequestHead.Method.post
        var target = "/authenticate"
        var type: String? = "application/json"
        var body = RequestHead.BodyLength.bytes(10)
        var expectation = RequestHead.Expectation.none
        var isClientAllowed = true
        var action: RequestStateMachine.Action

        var testDescription: String { name }
    }

    @Test(
        "each head is accepted or refused for its own reason",
        arguments: [
            Head(name: "a review", action: .proceed),
            Head(name: "guard's path", target: "/tokenreviews", action: .proceed),
            Head(name: "with a query", target: "/authenticate?timeout=30s", action: .proceed),
            Head(name: "type with parameters", type: "Application/JSON ; charset=utf-8", action: .proceed),
            Head(name: "no type", type: nil, action: .proceed),
            Head(name: "length not known before the end", body: .untilEnd, action: .proceed),
            Head(name: "exactly as large as allowed", body: .bytes(100), action: .proceed),
            Head(name: "wants to be told to go on", expectation: .continuation, action: .sendContinue),
            Head(name: "another path", target: "/", action: .refuse(.notFound)),
            Head(name: "path in another case", target: "/Authenticate", action: .refuse(.notFound)),
            Head(name: "path with a slash more", target: "/authenticate/", action: .refuse(.notFound)),
            Head(name: "GET", method: .get, body: .none, action: .refuse(.methodNotAllowed)),
            Head(name: "another method", method: .other, body: .none, action: .refuse(.methodNotAllowed)),
            Head(name: "form type", type: "application/x-www-form-urlencoded", action: .refuse(.contentType)),
            Head(name: "protobuf", type: "application/vnd.kubernetes.protobuf", action: .refuse(.contentType)),
            Head(name: "type that begins like JSON", type: "application/json5", action: .refuse(.contentType)),
            Head(name: "expects what nobody knows", expectation: .unknown, action: .refuse(.expectation)),
            Head(
                name: "expects what nobody knows elsewhere", target: "/", expectation: .unknown,
                action: .refuse(.notFound)),
            Head(name: "no body", body: .none, action: .refuse(.lengthRequired)),
            Head(name: "a byte too large", body: .bytes(101), action: .refuse(.bodyTooLarge)),
            Head(
                name: "too large, waits to be told", body: .bytes(101), expectation: .continuation,
                action: .refuse(.bodyTooLarge)),
            Head(name: "client of another name", isClientAllowed: false, action: .refuse(.clientName)),
            Head(
                name: "client of another name elsewhere", target: "/x", isClientAllowed: false,
                action: .refuse(.clientName)
            ),
        ])
    func judgesHeads(_ example: Head) {
        var machine = RequestStateMachine(bodyLimit: 100)
        let summary = RequestHead(
            method: example.method, target: example.target, contentType: example.type, body: example.body,
            expectation: example.expectation)
        #expect(machine.receiveHead(summary, isClientAllowed: example.isClientAllowed) == example.action)
    }

    private let head = RequestHead(method: .post, target: "/authenticate", contentType: nil, body: .untilEnd)

    @Test("a body in pieces is collected", arguments: [[], [5], [100], [1, 2, 97], [50, 0, 50]])
    func collectsBodies(_ sizes: [Int]) {
        var machine = RequestStateMachine(bodyLimit: 100)
        #expect(machine.receiveHead(head, isClientAllowed: true) == .proceed)
        for size in sizes {
            let part = ByteBuffer(repeating: UInt8(size), count: size)
            #expect(machine.receiveBody(part, isReserved: true) == .proceed)
        }
        let whole = ByteBuffer(bytes: sizes.flatMap { Array(repeating: UInt8($0), count: $0) })
        #expect(machine.receiveEnd() == .review(whole))
        #expect(machine.reset() == whole.readableBytes)
    }

    @Test("a body past the limit is refused", arguments: [[101], [100, 1], [60, 60]])
    func stopsAtTheLimit(_ sizes: [Int]) {
        var machine = RequestStateMachine(bodyLimit: 100)
        _ = machine.receiveHead(head, isClientAllowed: true)
        var last = RequestStateMachine.Action.proceed
        for size in sizes { last = machine.receiveBody(ByteBuffer(repeating: 0, count: size), isReserved: true) }
        #expect(last == .refuse(.bodyTooLarge))
        #expect(machine.receiveEnd() == .proceed)
    }

    @Test("a body past the memory limit is refused, and its bytes are given back")
    func shedsLoadAndGivesBackWhatItTook() {
        var limits = ServerLimits()
        limits.bytesInFlight = 15
        let ledger = ConnectionLimiter(limits: limits)
        var first = RequestStateMachine(bodyLimit: 100)
        var second = RequestStateMachine(bodyLimit: 100)
        _ = first.receiveHead(head, isClientAllowed: true)
        _ = second.receiveHead(head, isClientAllowed: true)
        let part = ByteBuffer(repeating: 0, count: 10)
        #expect(first.receiveBody(part, isReserved: ledger.reserve(bytes: 10)) == .proceed)
        #expect(second.receiveBody(part, isReserved: ledger.reserve(bytes: 10)) == .refuse(.bytesInFlight))
        ledger.release(bytes: second.reset())
        #expect(ledger.bytesInFlight == 10)
        ledger.release(bytes: first.reset())
        #expect(ledger.bytesInFlight == 0)
    }
}
