import NIOCore
import NIOEmbedded
import NIOHTTP1
import TestSupport
import Testing

@testable import WebhookServer

@Suite struct HTTP1RequestReaderTests {
    /// A whole request.
    struct Whole: Equatable {
        var target: String
        var body: String
    }

    private static let bodies = ["", "{}", "hello\r\n0\r\n\r\nGET / HTTP/1.1\r\n"]

    private static var requests: [String] {
        bodies.flatMap { body in
            [
                "POST /authenticate?timeout=30s HTTP/1.1\r\nHost: a:443\r\nContent-Type: application/json\r\n"
                    + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)",
                "POST /authenticate HTTP/1.1\r\nhost: b\r\nTransfer-Encoding: chunked\r\n\r\n"
                    + (body.isEmpty ? "" : "\(String(body.utf8.count, radix: 16));x=y\r\n\(body)\r\n")
                    + "0\r\nX-Trailer: z\r\n\r\n",
                "GET /x HTTP/1.1\r\nHost: [::1]\r\nConnection: keep-alive, x\r\n\r\n",
                "POST /authenticate HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
            ]
        }
    }

    /// What the reader makes of pieces; stops where a connection ends.
    private func read(_ pieces: [[UInt8]]) -> (whole: [Whole], problem: HTTP1RequestReader.Problem?) {
        var reader = HTTP1RequestReader(headerLimit: 1000, fieldLimit: 20)
        var whole: [Whole] = []
        var open: (head: HTTP1RequestHead, body: String)?
        do throws(HTTP1RequestReader.Problem) {
            for piece in pieces {
                reader.receive(ByteBuffer(bytes: piece))
                while let part = try reader.next() {
                    switch part {
                    case .head(let head):
                        open = (head, "")
                        guard head.request.body == .none || head.request.body == .bytes(0) else { continue }
                    case .body(let bytes):
                        open?.body += String(buffer: bytes)
                        continue
                    case .end: break
                    }
                    guard let request = open else { continue }
                    whole.append(Whole(target: request.head.request.target, body: request.body))
                    open = nil
                    if !request.head.keepsAlive { return (whole, nil) }
                }
            }
        } catch {
            return (whole, error)
        }
        return (whole, nil)
    }

    /// What SwiftNIO's decoder, and the checks behind it, make of the same bytes.
    private func decode(_ bytes: [UInt8]) throws -> [Whole] {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = 1000
        limits.maxHeaderListSize = 1000
        let channel = EmbeddedChannel(
            handler: ByteToMessageHandler(
                HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes, limitConfiguration: limits)))
        try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
        _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
        var whole: [Whole] = []
        var open: Whole?
        while let part = try channel.readInbound(as: HTTPServerRequestPart.self) {
            switch part {
            case .head(let head): open = RequestHead(head).map { Whole(target: $0.target, body: "") }
            case .body(let bytes): open?.body += String(buffer: bytes)
            case .end:
                guard let request = open else { break }
                whole.append(request)
                open = nil
            }
        }
        _ = try? channel.finish(acceptAlreadyClosed: true)
        return whole
    }

    @Test("each request of a pipelined row is read, and SwiftNIO's decoder reads the same")
    func readsAll() throws {
        let row = Array(Self.requests.filter { !$0.contains("HTTP/1.0") }.joined().utf8)
        let result = read([row])
        #expect(result.problem == nil)
        #expect(result.whole.count == 9)
        #expect(try decode(row) == result.whole)
    }

    @Test("whatever is read of damaged requests, SwiftNIO's decoder reads too, and pieces make no difference")
    func isNoMoreLenient() throws {
        let insertions = Array("\r\n\t :;,0129afx\u{0}\u{1}\u{7F}".utf8)
        var random = SplitMix(seed: 14)
        var (accepted, refused) = (0, 0)
        for _ in 0..<20_000 {
            var bytes = Array((0..<2).map { _ in Self.requests.randomElement(using: &random) ?? "" }.joined().utf8)
            for _ in 0..<Int.random(in: 0...3, using: &random) {
                let index = bytes.indices.randomElement(using: &random) ?? 0
                switch Int.random(in: 0..<4, using: &random) {
                case 0: bytes.remove(at: index)
                case 1: bytes.insert(insertions.randomElement(using: &random) ?? 0, at: index)
                case 2: bytes[index] = insertions.randomElement(using: &random) ?? 0
                default: bytes[index] = .random(in: 0...255, using: &random)
                }
            }
            let (whole, problem) = read([bytes])
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                pieces.append(Array(rest.prefix(Int.random(in: 1...30, using: &random))))
                rest = rest.dropFirst(pieces.last?.count ?? 0)
            }
            let parts = read(pieces)
            #expect(parts == (whole, problem), "\(String(decoding: bytes, as: UTF8.self).debugDescription)")
            let decoded = try decode(bytes)
            #expect(
                decoded.starts(with: whole),
                "\(String(decoding: bytes, as: UTF8.self).debugDescription): \(whole), SwiftNIO: \(decoded)")
            accepted += whole.count
            if problem != nil { refused += 1 }
        }
        #expect(accepted > 10_000 && refused > 5000, "\(accepted) \(refused)")
    }

    struct Stream: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var problem: HTTP1RequestReader.Problem?
    }

    private static let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"

    @Test(
        "a request past a limit is refused",
        arguments: [
            Stream(testDescription: "a head of just the allowed size", text: head(of: 1000)),
            Stream(testDescription: "a head of one byte more", text: head(of: 1001), problem: .headersTooLarge),
            Stream(
                testDescription: "empty lines without end", text: String(repeating: "\r\n", count: 501),
                problem: .headersTooLarge),
            Stream(
                testDescription: "twenty headers",
                text: "GET / HTTP/1.1\r\nHost: a\r\n" + String(repeating: "a: b\r\n", count: 19) + "\r\n"),
            Stream(
                testDescription: "twenty-one headers",
                text: "GET / HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 21), problem: .headersTooLarge),
            Stream(
                testDescription: "a thousand chunks",
                text: chunked + String(repeating: "1\r\nx\r\n", count: 1000) + "0\r\n\r\n"),
            Stream(
                testDescription: "extensions of many chunks that are long together",
                text: chunked + String(repeating: "1;aaaaaaaa\r\nx\r\n", count: 112), problem: .headersTooLarge),
            Stream(
                testDescription: "a size of sixteen digits", text: chunked + "0000000000000001\r\n",
                problem: .malformed),
            Stream(
                testDescription: "a length in trailers", text: chunked + "0\r\nContent-Length: 1\r\n",
                problem: .malformed),
            Stream(testDescription: "a host in trailers", text: chunked + "0\r\nhost: a\r\n", problem: .malformed),
            Stream(
                testDescription: "an extension with a string in quotation marks", text: chunked + "1;a=\"b\"\r\n",
                problem: .malformed),
            Stream(testDescription: "an extension without a name", text: chunked + "1;\r\n", problem: .malformed),
            Stream(testDescription: "a blank behind a size", text: chunked + "1 \r\n", problem: .malformed),
            Stream(
                testDescription: "a blank behind a length",
                text: "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 \r\n\r\n", problem: .malformed),
            Stream(
                testDescription: "a blank behind a host", text: "POST / HTTP/1.1\r\nHost: a\t\r\n\r\n",
                problem: .malformed),
            Stream(
                testDescription: "a bare line feed first", text: "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n",
                problem: .malformed),
            Stream(testDescription: "twelve letters without a space", text: "GETGETGETGET", problem: .malformed),
        ])
    func holdsItsLimits(_ stream: Stream) {
        #expect(read([Array(stream.text.utf8)]).problem == stream.problem)
        #expect(read(stream.text.utf8.map { [$0] }).problem == stream.problem)
    }

    /// A head of that many bytes before its last empty line.
    private static func head(of count: Int) -> String {
        let rest = "GET / HTTP/1.1\r\nHost: a\r\nx: "
        return rest + String(repeating: "y", count: count - rest.utf8.count - 2) + "\r\n\r\n"
    }
}
