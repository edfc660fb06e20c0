import NIOCore

/// Cuts off a client whose frames lead to no requests: window updates, unknown frames and whatever else
/// NIOHTTP2 does not count by itself.
///
/// Stands below the HTTP/2 handler and counts bytes; streams take off what was of use.
final class FloodGuard: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    struct Flood: Error {}

    /// A megabyte of the smallest frames is a tenth of a second's work.
    static let maximumUselessBytes = 1 << 20

    private var uselessBytes = 0
    private var isTripped = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isTripped else { return }
        uselessBytes += unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
        // Asked after the streams have had their say about these bytes.
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
