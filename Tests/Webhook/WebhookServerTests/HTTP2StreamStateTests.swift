import Testing

@testable import WebhookServer

@Suite("The stages of a request on an HTTP/2 stream")
struct HTTP2StreamStateTests {
    typealias Request = HTTP2StreamState.Request

    struct Sample: Sendable, CustomTestStringConvertible {
        let name: String
        let begin: HTTP2StreamState
        var isHead = false
        var isEnd = false
        let headers: HTTP2StreamState.Headers
        let end: HTTP2StreamState
        var testDescription: String { name }
    }

    private static let open = Request()
    private static let ended = Request(hasEnded: true)

    @Test(
        "the first header fields are the head, later ones are trailers, and an answered request needs none",
        arguments: [
            Sample(name: "a head, and a body to come", begin: .opened, headers: .head, end: .receiving(open)),
            Sample(name: "a head without a body", begin: .opened, isEnd: true, headers: .head, end: .receiving(ended)),
            Sample(
                name: "a HEAD request", begin: .opened, isHead: true, isEnd: true, headers: .head,
                end: .receiving(Request(isHead: true, hasEnded: true))),
            Sample(
                name: "trailers", begin: .receiving(open), isEnd: true, headers: .trailers, end: .receiving(ended)),
            Sample(
                name: "trailers of a HEAD request leave it one", begin: .receiving(Request(isHead: true)), isEnd: true,
                headers: .trailers, end: .receiving(Request(isHead: true, hasEnded: true))),
            Sample(
                name: "trailers that do not end it", begin: .receiving(open), headers: .trailers, end: .receiving(open)),
            Sample(
                name: "the end while the request is reviewed", begin: .deciding(open), isEnd: true, headers: .unneeded,
                end: .deciding(ended)),
            Sample(
                name: "the end after the answer", begin: .answered(open), isEnd: true, headers: .unneeded,
                end: .answered(ended)),
            Sample(name: "a closed stream", begin: .closed, isEnd: true, headers: .unneeded, end: .closed),
        ])
    func headers(_ sample: Sample) {
        var state = sample.begin
        #expect(state.receiveHeaders(isHead: sample.isHead, isEnd: sample.isEnd) == sample.headers)
        #expect(state == sample.end)
    }

    @Test(
        "a body is needed until the request is reviewed or answered",
        arguments: [
            (.receiving(open), false, true, .receiving(open)), (.receiving(open), true, true, .receiving(ended)),
            (.deciding(ended), false, false, .deciding(ended)), (.answered(open), false, false, .answered(open)),
            (.answered(open), true, false, .answered(ended)), (.closed, true, false, .closed),
        ] as [(HTTP2StreamState, Bool, Bool, HTTP2StreamState)])
    func body(begin: HTTP2StreamState, isEnd: Bool, isNeeded: Bool, end: HTTP2StreamState) {
        var state = begin
        #expect(state.receiveBody(isEnd: isEnd) == isNeeded)
        #expect(state == end)
    }

    @Test("an answer keeps what is known of its request, and the client may go on until it has ended it")
    func answers() {
        var state = HTTP2StreamState.receiving(Request(isHead: true))
        #expect(state.expectsMore && state.isReceiving)
        state.decide()
        #expect(state == .deciding(Request(isHead: true)) && state.expectsMore && !state.isReceiving)
        #expect(state.answer() == Request(isHead: true))
        #expect(state == .answered(Request(isHead: true)) && state.expectsMore)
        _ = state.receiveBody(isEnd: true)
        #expect(!state.expectsMore)
        // A stream that is refused or times out before its head.
        var early = HTTP2StreamState.opened
        #expect(early.answer() == Request() && early == .answered(Request()))
        early.decide()
        #expect(early == .answered(Request()))
    }
}
