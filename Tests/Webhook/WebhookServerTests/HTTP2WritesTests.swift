import NIOCore
import NIOEmbedded
import Prometheus
import Testing

@testable import WebhookServer

@Suite struct HTTP2WritesTests {
    @Test("the answers to all requests of a read leave with one write", arguments: [1, 2, 16, 100])
    func answersOfAReadLeaveTogether(count: Int) throws {
        let connection = try HTTP2Harness()
        let streams = (0..<count).map { UInt32(2 * $0 + 1) }
        try connection.send(streams.flatMap { HTTP2WireFrame.request($0, "x") })
        #expect(connection.flushes == 1)
        #expect(try connection.answered() == streams)
    }

    @Test("the answers to two reads leave with two writes")
    func answersOfTwoReads() throws {
        let connection = try HTTP2Harness()
        try connection.send(HTTP2WireFrame.request(1, "x") + HTTP2WireFrame.request(3, "x"))
        try connection.send(HTTP2WireFrame.request(5, "x"))
        #expect(connection.flushes == 2)
        #expect(try connection.answered() == [1, 3, 5])
    }

    @Test("a request whose end arrives later does not hold back the others of a read")
    func unfinishedRequest() throws {
        let connection = try HTTP2Harness()
        let (begin, end) = (HTTP2WireFrame.request(3, "x").dropLast(1), HTTP2WireFrame.request(3, "x").suffix(1))
        try connection.send(HTTP2WireFrame.request(1, "x") + begin)
        #expect(try connection.answered() == [1])
        try connection.send(Array(end))
        #expect(try connection.answered() == [3])
        #expect(connection.flushes == 2)
    }

    @Test("an answer does not wait for a review that has to wait")
    func waitingReview() throws {
        var promises: [EventLoopPromise<ServerResponse>] = []
        let connection = try HTTP2Harness { body, eventLoop in
            guard String(buffer: body) == "later" else { return nil }
            promises.append(eventLoop.makePromise())
            return .later(promises[0].futureResult)
        }
        try connection.send(HTTP2WireFrame.request(1, "later") + HTTP2WireFrame.request(3, "x"))
        #expect(try connection.answered() == [3])
        #expect(connection.flushes == 1)
        try #require(promises.count == 1)
        promises[0].succeed(ServerResponse(status: 200, body: ByteBuffer(string: "y")))
        #expect(try connection.answered() == [1])
        #expect(connection.flushes == 2)
    }

    @Test("a review whose stream was reset while it waited is not answered")
    func resetWhileWaiting() throws {
        var promises: [EventLoopPromise<ServerResponse>] = []
        let connection = try HTTP2Harness { _, eventLoop in
            promises.append(eventLoop.makePromise())
            return .later(promises[0].futureResult)
        }
        try connection.send(HTTP2WireFrame.request(1, "later"))
        #expect(connection.ledger.bytesInFlight == 5)
        try connection.send(HTTP2WireFrame.make(.reset, on: 1, [0, 0, 0, 8]))
        #expect(connection.ledger.bytesInFlight == 0)
        try #require(promises.count == 1)
        promises[0].succeed(ServerResponse(status: 200, body: ByteBuffer(string: "y")))
        #expect(try connection.frames().isEmpty)
    }

    @Test("a body may be larger than a stream's window")
    func largeBody() throws {
        var limits = ServerLimits()
        limits.bodyBytes = 200_000
        let connection = try HTTP2Harness(limits: limits) { body, _ in
            .answer(ServerResponse(status: 200, body: ByteBuffer(string: "\(body.readableBytes)")))
        }
        let part = [UInt8](repeating: 0x78, count: 16_384)
        var window = 65_535
        try connection.send(HTTP2WireFrame.head(1))
        for index in 0..<10 {
            try #require(window >= part.count, "the window was not opened again after \(index) parts")
            try connection.send(HTTP2WireFrame.make(.data, flags: index == 9 ? 1 : 0, on: 1, part))
            window -= part.count
            let frames = try connection.frames()
            for frame in frames where frame.kind == .windowUpdate && frame.stream == 1 {
                window += frame.payload.reduce(0) { $0 << 8 | Int($1) }
            }
            #expect(window <= 65_535)
            if index == 9 { #expect(frames.last.map { String(decoding: $0.payload, as: UTF8.self) } == "163840") }
        }
    }

    @Test("streams of a connection that ends are forgotten")
    func connectionEnds() throws {
        let connection = try HTTP2Harness { _, eventLoop in .later(eventLoop.makePromise().futureResult) }
        try connection.send(HTTP2WireFrame.request(1, "abc") + HTTP2WireFrame.request(3, "de").dropLast(1))
        #expect(connection.ledger.bytesInFlight == 4)
        #expect(connection.state.memberCount == 3)
        connection.channel.close(promise: nil)
        #expect(connection.ledger.bytesInFlight == 0)
        #expect(connection.state.memberCount == 0)
    }
}
