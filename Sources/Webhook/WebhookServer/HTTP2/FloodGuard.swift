import NIOCore

/// Closes the connection of a client whose frames lead to no requests: window updates, unknown frames and whatever else
/// NIOHTTP2 does not count.
///
/// It is below the HTTP/2 handler and counts bytes; streams subtract those that were useful. It also knows since when a
/// frame or a header block is unfinished.
final class FloodGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    struct Flood: Error {}

    /// A megabyte of the smallest frames costs a tenth of a second.
    static let maximumUselessBytes = 1 << 20

    private let now: () -> NIODeadline
    private var progress = HTTP2FrameProgress()
    private var uselessBytes = 0
    /// Number of bytes that the client may still send of requests that were answered early: they were on their way.
    private var unreadBytes = 0
    private var isTripped = false

    /// - Parameter now: reads the clock. A cached time is old after a stall, so that what has just begun would seem
    ///   overdue.
    init(now: @escaping () -> NIODeadline = { .now() }) { self.now = now }

    /// When the first byte of what the client has not finished arrived; nil if it owes nothing.
    var unfinishedSince: NIODeadline? { progress.unfinishedSince }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isTripped else { return }
        let bytes = unwrapInboundIn(data)
        uselessBytes += bytes.readableBytes
        progress.receive(bytes, now: now)
        context.fireChannelRead(data)
        // Checked after the streams have subtracted their part of these bytes.
        if uselessBytes > Self.maximumUselessBytes + unreadBytes {
            isTripped = true
            context.fireErrorCaught(Flood())
        }
    }

    func credit(_ bytes: Int) {
        uselessBytes = max(0, uselessBytes - bytes)
    }

    /// A request was answered.
    ///
    /// - Parameter unread: how much of it may still come, which no stream will read.
    func requestAnswered(unread: Int) {
        unreadBytes = min(max(0, unreadBytes - uselessBytes) + unread, HTTP2Connection.receiveWindow)
        uselessBytes = 0
    }
}
