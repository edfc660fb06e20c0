import Authentication
import NIOCore
import Testing
import TokenReviewAPI

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

    // MARK: Large access reviews

    private let accessHead = RequestHead(method: .post, target: "/authorize", contentType: nil, body: .untilEnd)

    /// The last action of a machine that receives a body in parts, and the number of bytes that it reserved.
    private func outcome(
        of body: [UInt8], partSize: Int, limit: Int
    ) -> (action: RequestStateMachine.Action, mostReserved: Int) {
        var machine = RequestStateMachine(bodyLimit: limit)
        _ = machine.receiveHead(accessHead, isClientAllowed: true)
        var start = 0
        while start < body.count {
            let end = min(start + partSize, body.count)
            let part = machine.sift(ByteBuffer(bytes: body[start..<end]))
            let action = machine.receiveBody(part, isReserved: true)
            guard action == .proceed else { return (action, machine.reservedBytes) }
            start = end
        }
        let reserved = machine.reservedBytes
        return (machine.receiveEnd(), reserved)
    }

    private func review(selector: Int, user: String = "ada", tail: String = "") -> [UInt8] {
        let requirement = #"{"key":"a","operator":"Exists"},"#
        let list = String(repeating: requirement, count: selector / requirement.utf8.count)
        return Array(
            """
            {"kind":"SubjectAccessReview","apiVersion":"authorization.k8s.io/v1","metadata":{"creationTimestamp":null},\
            "spec":{"resourceAttributes":{"verb":"list","labelSelector":{"requirements":[\(list){}]}},"user":"\(user)",\
            "groups":["g"],"extra":{"oid":["x"]}},"status":{"allowed":false}}\(tail)
            """.utf8)
    }

    private func user(in action: RequestStateMachine.Action) -> ReviewedUser? {
        guard case .review(let body) = action else { return nil }
        return body.withUnsafeReadableBytes { try? AccessReviewRequest(decoding: $0).user }
    }

    @Test("of a large access review, only what is read is kept", arguments: [0, 30_000, 40_000, 200_000, 3_000_000])
    func sievesLargeAccessReviews(size: Int) throws {
        let body = review(selector: size)
        let whole = try review(selector: 0).withUnsafeBytes { try AccessReviewRequest(decoding: $0).user }
        for partSize in [7919, 16_384, body.count] {
            let (action, reserved) = outcome(of: body, partSize: partSize, limit: 100_000)
            #expect(user(in: action) == whole)
            // The bytes that arrive before the sieve is used stay reserved.
            #expect(reserved <= RequestStateMachine.sievedAccessReview + 1000)
        }
    }

    @Test("a limit below which nothing is sieved holds for what is kept")
    func sievesBelowASmallLimit() {
        #expect(user(in: outcome(of: review(selector: 5000), partSize: 100, limit: 1000).action) != nil)
        let long = review(selector: 5000, user: String(repeating: "u", count: 1000))
        #expect(outcome(of: long, partSize: 100, limit: 1000).action == .refuse(.bodyTooLarge))
    }

    @Test("a large access review whose user is too large is refused")
    func boundsWhatIsKept() {
        let body = review(selector: 100_000, user: String(repeating: "u", count: 100_000))
        #expect(outcome(of: body, partSize: 16_384, limit: 90_000).action == .refuse(.bodyTooLarge))
        #expect(user(in: outcome(of: body, partSize: 16_384, limit: 200_000).action) != nil)
    }

    @Test(
        "a large access review that is not JSON is read as nothing", arguments: ["x", "{}", "]", "\u{0}", "\"", ",{}"])
    func readsNothingThatIsNotJSON(tail: String) {
        let body = review(selector: 100_000, tail: tail)
        #expect(outcome(of: body, partSize: 16_384, limit: 1 << 20).action == .review(ByteBuffer()))
        let cut = Array(review(selector: 100_000).dropLast())
        #expect(outcome(of: cut, partSize: 16_384, limit: 1 << 20).action == .review(ByteBuffer()))
    }

    @Test("more than any API server can send is refused, announced or not")
    func boundsTheWhole() {
        let length = RequestStateMachine.largestAccessReview
        for (count, action) in [(length, RequestStateMachine.Action.proceed), (length + 1, .refuse(.bodyTooLarge))] {
            var machine = RequestStateMachine(bodyLimit: 1000)
            let head = RequestHead(method: .post, target: "/authorize", contentType: nil, body: .bytes(count))
            #expect(machine.receiveHead(head, isClientAllowed: true) == action)
        }
        var machine = RequestStateMachine(bodyLimit: 1000)
        _ = machine.receiveHead(accessHead, isClientAllowed: true)
        let space = ByteBuffer(repeating: UInt8(ascii: " "), count: 1 << 20)
        var dropped = ByteBuffer(string: #"{"a":["#)
        _ = machine.receiveBody(machine.sift(dropped), isReserved: true)
        var actions = Set<Bool>()
        for _ in 0..<64 {
            dropped = machine.sift(space)
            actions.insert(machine.receiveBody(dropped, isReserved: true) == .proceed)
        }
        #expect(actions == [true, false] && machine.receiveEnd() == .proceed)
    }

    @Test("after a large access review, the next request begins anew")
    func resetsTheSieve() {
        var machine = RequestStateMachine(bodyLimit: 1 << 20)
        _ = machine.receiveHead(accessHead, isClientAllowed: true)
        _ = machine.receiveBody(machine.sift(ByteBuffer(bytes: review(selector: 100_000, tail: "x"))), isReserved: true)
        _ = machine.receiveEnd()
        _ = machine.reset()
        _ = machine.receiveHead(accessHead, isClientAllowed: true)
        let small = ByteBuffer(bytes: review(selector: 0))
        #expect(machine.sift(small) == small)
        _ = machine.receiveBody(small, isReserved: true)
        #expect(machine.receiveEnd() == .review(small))
        // A token review is never sieved.
        _ = machine.reset()
        _ = machine.receiveHead(head, isClientAllowed: true)
        let large = ByteBuffer(bytes: review(selector: 100_000))
        #expect(machine.sift(large) == large)
    }
}
