import NIOCore
import Testing

@testable import WebhookServer

@Suite struct HTTP2FrameProgressTests {
    private static let head = HTTP2WireFrame.make(.headers, on: 1, [1, 2, 3])
    private static let end = HTTP2WireFrame.make(.continuation, flags: 4, on: 1, [4])
    private static let ping = HTTP2WireFrame.make(.ping, [UInt8](repeating: 0, count: 8))

    private static let (begun, rest) = (Array(ping[..<12]), Array(ping[12...]))

    private func time(_ second: Int) -> NIODeadline { .uptimeNanoseconds(0) + .seconds(Int64(second)) }

    struct Arrivals: Sendable, CustomTestStringConvertible {
        var name: String
        /// What arrives at second 1, 2 and so on.
        var parts: [[UInt8]]
        /// Since when something is unfinished at the end; nil for nothing.
        var since: Int?
        var isBegun = true

        var testDescription: String { name }
    }

    @Test(
        "what is unfinished counts from its first byte",
        arguments: [
            Arrivals(name: "nothing", parts: [], isBegun: false),
            Arrivals(name: "one byte of the preface", parts: [[0x50]], since: 1, isBegun: false),
            Arrivals(
                name: "the preface without SETTINGS", parts: [[0x50], Array(HTTP2Harness.beginning[1..<24])], since: 1,
                isBegun: false),
            Arrivals(
                name: "the preface with half of SETTINGS",
                parts: [Array(HTTP2Harness.beginning[..<24]), Array(HTTP2Harness.beginning[24..<29])], since: 1,
                isBegun: false),
            Arrivals(
                name: "the preface with SETTINGS that have a payload still to come",
                parts: [Array(HTTP2Harness.beginning[..<24]), [0, 0, 6, 4, 0, 0, 0, 0, 0]], since: 1, isBegun: false),
            Arrivals(name: "the whole beginning", parts: []),
            Arrivals(name: "a byte of a frame's head", parts: [[0]], since: 1),
            Arrivals(name: "eight bytes of a frame's head, one by one", parts: ping[..<8].map { [$0] }, since: 1),
            Arrivals(name: "a frame's head", parts: [Array(ping[..<9])], since: 1),
            Arrivals(name: "a frame byte by byte but for the last", parts: ping.dropLast().map { [$0] }, since: 1),
            Arrivals(name: "a whole frame", parts: [ping]),
            Arrivals(name: "a whole frame byte by byte", parts: ping.map { [$0] }),
            Arrivals(name: "a frame without payload", parts: [HTTP2WireFrame.make(.settings, flags: 1)]),
            Arrivals(name: "HEADERS that do not end the block", parts: [head], since: 1),
            Arrivals(
                name: "HEADERS without payload that do not end it", parts: [HTTP2WireFrame.make(.headers, on: 1)],
                since: 1),
            Arrivals(
                name: "CONTINUATION that does not end it",
                parts: [head, HTTP2WireFrame.make(.continuation, on: 1, [4])], since: 1),
            Arrivals(name: "half of the last CONTINUATION", parts: [head, Array(end.dropLast())], since: 1),
            Arrivals(name: "the last CONTINUATION", parts: [head, end]),
            Arrivals(name: "HEADERS that end the block", parts: [HTTP2WireFrame.head(1)]),
            Arrivals(name: "DATA, whose flag has the same bit", parts: [HTTP2WireFrame.make(.data, on: 1, [1])]),
            Arrivals(name: "the end of one head and the start of the next", parts: [head, end + head], since: 2),
            Arrivals(name: "the end of a frame and the start of the next", parts: [begun, rest + [0]], since: 2),
            Arrivals(name: "a frame after a head that took its time", parts: [head, end, [0]], since: 3),
            Arrivals(
                name: "an endless body in whole frames and halves",
                parts: [begun, rest + begun, rest + begun], since: 3),
        ])
    func counts(_ arrivals: Arrivals) {
        var progress = HTTP2FrameProgress()
        if arrivals.isBegun { progress.receive(ByteBuffer(bytes: HTTP2Harness.beginning)) { time(0) } }
        for (index, part) in arrivals.parts.enumerated() {
            progress.receive(ByteBuffer(bytes: part)) { time(index + 1) }
        }
        #expect(progress.unfinishedSince == arrivals.since.map(time))
    }

    @Test("whole requests read no clock", arguments: [1, 3, 100])
    func readsNoClock(requests: Int) {
        var progress = HTTP2FrameProgress()
        let bytes = (0..<requests).flatMap { HTTP2WireFrame.request(UInt32(2 * $0 + 1), "x") }
        var readings = 0
        progress.receive(ByteBuffer(bytes: HTTP2Harness.beginning + bytes)) {
            readings += 1
            return time(0)
        }
        #expect(readings == 0)
    }
}
