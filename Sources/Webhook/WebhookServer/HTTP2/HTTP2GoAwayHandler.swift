import NIOCore

/// What leaves below the HTTP/2 handler, where that one does other than it should.
///
/// - NIOHTTP2 enforces the number of streams that it announces by ending the connection, where RFC 9113
///   section 5.1.2 wants the one stream refused: it is given a higher figure, and another one leaves on the wire.
/// - It does not tell whether an error ended one stream or, with GOAWAY, the connection: its frames are watched.
/// - After a first GOAWAY it refuses streams that the client had opened before it could know, and takes their data for
///   a violation: it is not told of the goodbye of section 6.8 at all.
final class HTTP2GoAwayHandler: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    enum ErrorCode: UInt32 {
        case noError = 0
        case enhanceYourCalm = 11
    }

    /// Comes back when the client has seen the announcement.
    static let farewellPing: UInt64 = 0x6B75_6265_2D65_6E74

    private let announcedStreams: UInt32
    private var hasAnnounced = false
    private var payloadLeft = 0
    private var context: ChannelHandlerContext?
    /// Whether a GOAWAY with an error has been written.
    private(set) var hasFailed = false

    init(announcedStreams: Int) {
        self.announcedStreams = UInt32(clamping: announcedStreams)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .byteBuffer(var bytes) = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        if !hasAnnounced {
            hasAnnounced = true
            announceStreams(in: &bytes)
        }
        lookForFailure(in: bytes)
        context.write(wrapOutboundOut(.byteBuffer(bytes)), promise: promise)
    }

    /// Changes SETTINGS_MAX_CONCURRENT_STREAMS in the first frame, which is SETTINGS (RFC 9113 sections 3.4 and 6.5).
    private func announceStreams(in bytes: inout ByteBuffer) {
        let settings: UInt8 = 4
        let maximumConcurrentStreams: UInt16 = 3
        let start = bytes.readerIndex
        guard let head: UInt32 = bytes.getInteger(at: start), UInt8(truncatingIfNeeded: head) == settings else {
            return
        }
        for index in stride(from: start + 9, to: start + 9 + Int(head >> 8), by: 6)
        where bytes.getInteger(at: index) == maximumConcurrentStreams {
            bytes.setInteger(announcedStreams, at: index + 2)
        }
    }

    /// Follows the frames (section 4.1); their heads are written in one piece.
    private func lookForFailure(in bytes: ByteBuffer) {
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
                if UInt8(truncatingIfNeeded: head) == goAway, code != ErrorCode.noError.rawValue { hasFailed = true }
                index += 9
            }
        }
    }

    // MARK: Goodbyes

    /// Says that the end is near, and asks to hear when the client knows. False when nothing can be said yet.
    func announceGoodbye() -> Bool {
        guard hasAnnounced, let context else { return false }
        var frames = Self.goAway(lastStream: UInt32(Int32.max), .noError)
        frames.writeBytes([0, 0, 8, 6, 0, 0, 0, 0, 0])
        frames.writeInteger(Self.farewellPing)
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(frames)), promise: nil)
        return true
    }

    /// - Parameter lastStream: the highest that is or was served.
    func sayGoodbye(lastStream: Int, _ code: ErrorCode) {
        if code != .noError { hasFailed = true }
        let frame = Self.goAway(lastStream: UInt32(clamping: lastStream), code)
        context?.writeAndFlush(wrapOutboundOut(.byteBuffer(frame)), promise: nil)
    }

    private static func goAway(lastStream: UInt32, _ code: ErrorCode) -> ByteBuffer {
        var frame = ByteBuffer(bytes: [0, 0, 8, 7, 0, 0, 0, 0, 0])
        frame.writeMultipleIntegers(lastStream, code.rawValue)
        return frame
    }
}
