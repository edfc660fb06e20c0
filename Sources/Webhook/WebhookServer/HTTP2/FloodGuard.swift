import NIOCore

/// Closes the connection of a client whose frames lead to no requests: window updates, unknown frames and whatever else
/// NIOHTTP2 does not count.
///
/// It is below the HTTP/2 handler and counts bytes; streams subtract those that were useful.
final class FloodGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    struct Flood: Error {}

    /// A megabyte of the smallest frames costs a tenth of a second.
    static let maximumUselessBytes = 1 << 20

    private var uselessBytes = 0
    private var isTripped = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isTripped else { return }
        uselessBytes += unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
        // Checked after the streams have subtracted their part of these bytes.
        if uselessBytes > Self.maximumUselessBytes {
            isTripped = true
            context.fireErrorCaught(Flood())
        }
    }

    func credit(_ bytes: Int) {
        uselessBytes = max(0, uselessBytes - bytes)
    }

    func requestAnswered() {
        uselessBytes = 0
    }
}
