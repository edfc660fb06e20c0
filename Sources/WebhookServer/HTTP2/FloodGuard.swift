import NIOCore

/// Cuts off a client whose frames lead to no requests: window updates, unknown frames and whatever else
/// NIOHTTP2 does not count by itself.
///
/// Stands below the HTTP/2 handler and counts bytes; streams take off what was of use. It sees also what NIOHTTP2 does
/// not tell: whether an error ended one stream or, with GOAWAY, the connection.
final class FloodGuard: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    struct Flood: Error {}

    /// A megabyte of the smallest frames is a tenth of a second's work.
    static let maximumUselessBytes = 1 << 20

    private let announcedStreams: UInt32
    private var hasAnnounced = false
    private var uselessBytes = 0
    private var isTripped = false
    private var payloadLeft = 0
    /// Whether a GOAWAY with an error has been written.
    private(set) var hasSaidGoodbye = false

    /// - Parameter announcedStreams: what the client is told about streams. NIOHTTP2 enforces what it announces by
    ///   ending the connection, where RFC 9113 section 5.1.2 wants the one stream refused; so it is given a higher
    ///   figure and another one leaves on the wire.
    init(announcedStreams: Int) {
        self.announcedStreams = UInt32(clamping: announcedStreams)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isTripped else { return }
        uselessBytes += unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
        // Asked after the streams have had their say about these bytes.
        if uselessBytes > Self.maximumUselessBytes {
            isTripped = true
            sayGoodbye(context)
            context.fireErrorCaught(Flood())
        }
    }

    /// GOAWAY (RFC 9113 section 6.8), also where NIOHTTP2 would not write one any more.
    private func sayGoodbye(_ context: ChannelHandlerContext) {
        let enhanceYourCalm: UInt8 = 11
        let frame: [UInt8] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, enhanceYourCalm]
        hasSaidGoodbye = true
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(ByteBuffer(bytes: frame))), promise: nil)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .byteBuffer(var bytes) = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        if !hasAnnounced {
            hasAnnounced = true
            announce(in: &bytes)
        }
        lookForGoodbye(in: bytes)
        context.write(wrapOutboundOut(.byteBuffer(bytes)), promise: promise)
    }

    /// Follows the frames (RFC 9113 section 4.1); their heads are written in one piece.
    private func lookForGoodbye(in bytes: ByteBuffer) {
        let goAway: UInt8 = 7
        var index = bytes.readerIndex
        while index < bytes.writerIndex {
            if payloadLeft > 0 {
                let step = min(payloadLeft, bytes.writerIndex - index)
                payloadLeft -= step
                index += step
            } else {
                guard let head: UInt32 = bytes.getInteger(at: index) else { return }
                payloadLeft = Int(head >> 8)
                let code: UInt32? = bytes.getInteger(at: index + 13)
                if UInt8(truncatingIfNeeded: head) == goAway, code != 0 { hasSaidGoodbye = true }
                index += 9
            }
        }
    }

    /// Changes SETTINGS_MAX_CONCURRENT_STREAMS in the first frame, which is SETTINGS (RFC 9113 sections 3.4 and 6.5).
    private func announce(in bytes: inout ByteBuffer) {
        let settings: UInt8 = 4
        let maximumConcurrentStreams: UInt16 = 3
        let start = bytes.readerIndex
        guard let high: UInt8 = bytes.getInteger(at: start), let low: UInt16 = bytes.getInteger(at: start + 1),
            bytes.getInteger(at: start + 3) == settings
        else { return }
        let length = Int(high) << 16 | Int(low)
        for index in stride(from: start + 9, to: start + 9 + length, by: 6)
        where bytes.getInteger(at: index) == maximumConcurrentStreams {
            bytes.setInteger(announcedStreams, at: index + 2)
        }
    }

    func credit(_ bytes: Int) {
        uselessBytes = max(0, uselessBytes - bytes)
    }

    func requestAnswered() {
        uselessBytes = 0
    }
}
