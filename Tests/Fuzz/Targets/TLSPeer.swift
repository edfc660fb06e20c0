import NIOCore
import NIOEmbedded
import NIOOpenSSL
import NIOTLS

/// One side of a connection in memory, and what its TLS handler fired.
final class TLSPeer {
    let channel = EmbeddedChannel()
    private let recorder = Recorder()
    /// All plaintext that was written.
    private(set) var sent: [UInt8] = []
    private var writes: [EventLoopFuture<Void>] = []
    private var finishedWrites = 0

    private final class Recorder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var received: [UInt8] = []
        var isComplete = false

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            require(isComplete, "no data comes out before the handshake is complete")
            received.append(contentsOf: unwrapInboundIn(data).readableBytesView)
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if case .handshakeCompleted? = event as? TLSUserEvent { isComplete = true }
        }

        // Many inputs are meant to fail.
        func errorCaught(context: ChannelHandlerContext, error: any Error) {}
    }

    var received: [UInt8] { recorder.received }
    var isComplete: Bool { recorder.isComplete }

    init(_ handler: TLSHandler) throws {
        try channel.pipeline.syncOperations.addHandlers(handler, recorder)
    }

    func connect() throws { try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait() }

    /// Writes this number of bytes.
    func write(_ count: Int) { write((0..<count).map { UInt8(truncatingIfNeeded: sent.count + $0) }) }

    func write(_ bytes: [UInt8]) {
        guard channel.isActive else { return }
        sent.append(contentsOf: bytes)
        let promise = channel.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in self.finishedWrites += 1 }
        writes.append(promise.futureResult)
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: promise)
    }

    /// Delivers ciphertext, like a channel with automatic reading if `asks` is set.
    func deliver(_ bytes: [UInt8], asks: Bool = true) {
        guard channel.isActive else { return }
        if asks { channel.read() }
        channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes))
        channel.pipeline.fireChannelReadComplete()
        channel.embeddedEventLoop.run()
    }

    /// Ciphertext to be sent.
    func takeOutput() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while let part = try channel.readOutbound(as: ByteBuffer.self) {
            bytes.append(contentsOf: part.readableBytesView)
        }
        return bytes
    }

    /// Closes, lets every timer expire, and requires that nothing is left.
    func finish() {
        channel.close(promise: nil)
        channel.embeddedEventLoop.advanceTime(by: .seconds(60))
        require(!channel.isActive, "a connection that was closed is closed a minute later")
        _ = try? channel.finish(acceptAlreadyClosed: true)
        require(finishedWrites == writes.count, "every write ends")
    }
}
