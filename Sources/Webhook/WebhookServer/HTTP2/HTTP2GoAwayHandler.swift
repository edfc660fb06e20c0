import NIOCore

/// Sits below the HTTP/2 handler and changes what NIOHTTP2 sends.
///
/// - NIOHTTP2 enforces its announced number of streams by closing the connection, but RFC 9113 section 5.1.2 requires
///   it to refuse the one stream. It gets a higher number, and this handler announces another one.
/// - It does not report whether an error ended one stream or, with GOAWAY, the connection. Its frames are parsed.
/// - After a first GOAWAY it refuses streams that the client had opened before it could know, and treats their data as
///   a violation. It does not learn of the graceful shutdown of section 6.8 at all.
final class HTTP2GoAwayHandler: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    typealias OutboundOut = IOData

    enum ErrorCode: UInt32 {
        case noError = 0
        case enhanceYourCalm = 11
    }

    /// The client's reply to this PING shows that it has received GOAWAY.
    static let shutdownPing: UInt64 = 0x6B75_6265_2D65_6E74

    private let announcedStreams: UInt32
    private var hasSentSettings = false
    private var payloadLeft = 0
    private var context: ChannelHandlerContext?
    /// Whether a GOAWAY with an error was sent.
    private(set) var hasFailed = false

    init(announcedStreams: Int) {
        self.announcedStreams = UInt32(clamping: announcedStreams)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .byteBuffer(var bytes) = unwrapOutboundIn(data) else { return context.write(data, promise: promise) }
        if !hasSentSettings {
            hasSentSettings = true
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

    /// Follows the frames (RFC 9113 section 4.1); their heads are always in one buffer.
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

    // MARK: Graceful shutdown

    /// Whether the shutdown can be announced: nothing may come before the server's SETTINGS.
    var canAnnounce: Bool { hasSentSettings && context != nil }

    /// Announces the shutdown, and asks for an acknowledgement.
    func announceShutdown() {
        guard canAnnounce else { return }
        var frames = Self.goAway(lastStream: UInt32(Int32.max), .noError)
        frames.writeBytes([0, 0, 8, 6, 0, 0, 0, 0, 0])
        frames.writeInteger(Self.shutdownPing)
        context?.writeAndFlush(wrapOutboundOut(.byteBuffer(frames)), promise: nil)
    }

    /// Sends GOAWAY.
    ///
    /// - Parameter lastStream: the highest stream that is or was served.
    func sendGoAway(lastStream: Int, _ code: ErrorCode) {
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
