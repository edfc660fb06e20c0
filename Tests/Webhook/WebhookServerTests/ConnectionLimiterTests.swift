import NIOCore
import NIOEmbedded
import Testing

@testable import WebhookServer

/// Bytes in flight, by kind and size of review, and bytes that lead to nothing.
@Suite struct ConnectionLimiterTests {
    private static let share = 1 << 20
    private let ledger: ConnectionLimiter

    init() {
        var limits = ServerLimits()
        limits.bytesInFlight = 4 * Self.share
        ledger = ConnectionLimiter(limits: limits)
    }

    private func reserve(_ count: Int, after earlier: Int = 0) -> Bool {
        ledger.reserve(bytes: count, for: .accessReviews, after: earlier)
    }

    @Test("large access reviews leave half of the room to small ones")
    func largeAndSmall() {
        #expect(reserve(Self.share / 2))
        #expect(!reserve(65_537), "a large one, and half is taken")
        for _ in 0..<8 { #expect(reserve(65_536), "a small one") }
        #expect(!reserve(1), "all is taken")
        ledger.release(bytes: 65_536, for: .accessReviews)
        #expect(reserve(65_536))
        #expect(ledger.bytesInFlight == 0, "token reviews have their own")
    }

    @Test("a body is large once its parts together are")
    func parts() {
        #expect(reserve(Self.share / 2))
        #expect(reserve(60_000))
        #expect(reserve(5536, after: 60_000))
        #expect(!reserve(1, after: 65_536))
        ledger.release(bytes: Self.share / 2, for: .accessReviews)
        #expect(reserve(1, after: 65_536))
    }

    @Test("a token review of any size uses what all of them may")
    func tokenReviews() {
        #expect(ledger.reserve(bytes: 4 * Self.share, for: .tokenReviews, after: 0))
        #expect(!ledger.reserve(bytes: 1, for: .tokenReviews, after: 0))
    }

    /// Feeds a flood guard; whether it let all of it pass.
    private func passes(_ body: (EmbeddedChannel, FloodGuard) throws -> Void) -> Bool {
        let floodGuard = FloodGuard()
        let channel = EmbeddedChannel(handler: floodGuard)
        do {
            try body(channel, floodGuard)
            try channel.throwIfErrorCaught()
            return true
        } catch {
            return false
        }
    }

    private static func bytes(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 0, count: count) }

    @Test("the rest of requests that were answered early is no flood, and what is more is one")
    func floods() {
        let limit = FloodGuard.maximumUselessBytes
        #expect(passes { channel, _ in try channel.writeInbound(Self.bytes(limit)) })
        #expect(!passes { channel, _ in try channel.writeInbound(Self.bytes(limit + 1)) })
        func early(_ more: Int) -> Bool {
            passes { channel, floodGuard in
                for _ in 0..<40 { floodGuard.requestAnswered(unread: 65_535) }
                for _ in 0..<40 { try channel.writeInbound(Self.bytes(65_535)) }
                try channel.writeInbound(Self.bytes(limit + more))
            }
        }
        #expect(early(0) && !early(1))
    }

    @Test("a rest counts once, and never for more than a client may send before it is read")
    func bounds() {
        let limit = FloodGuard.maximumUselessBytes
        let once = passes { channel, floodGuard in
            floodGuard.requestAnswered(unread: 65_535)
            try channel.writeInbound(Self.bytes(65_535))
            floodGuard.requestAnswered(unread: 0)
            try channel.writeInbound(Self.bytes(limit + 1))
        }
        #expect(!once)
        func many(_ more: Int) -> Bool {
            passes { channel, floodGuard in
                for _ in 0..<10_000 { floodGuard.requestAnswered(unread: 65_535) }
                try channel.writeInbound(Self.bytes(limit + HTTP2Connection.receiveWindow + more))
            }
        }
        #expect(many(0) && !many(1))
    }
}
