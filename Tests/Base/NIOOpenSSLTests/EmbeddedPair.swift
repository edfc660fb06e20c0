import NIOCore
import NIOEmbedded
import NIOTLS
import OpenSSL

@testable import NIOOpenSSL

/// A client's and a server's channel in memory; `exchange` moves bytes between them in buffers of any size.
final class EmbeddedPair {
    let client: Side
    let server: Side

    final class Side {
        let channel = EmbeddedChannel()
        let handler: TLSHandler
        let recorder = Recorder()

        init(_ handler: TLSHandler) throws {
            self.handler = handler
            try channel.pipeline.syncOperations.addHandlers(handler, recorder)
        }

        func connect() throws { try channel.connect(to: SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait() }
    }

    /// Records what the TLS handler fires.
    final class Recorder: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        var received: [UInt8] = []
        var errors: [TLSError] = []
        var events: [TLSUserEvent] = []
        var inputClosed = false

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            received.append(contentsOf: unwrapInboundIn(data).readableBytesView)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            if let error = error as? TLSError { errors.append(error) } else { context.fireErrorCaught(error) }
        }

        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? TLSUserEvent { events.append(event) }
            if let event = event as? ChannelEvent, event == .inputClosed { inputClosed = true }
        }
    }

    init(server: TLSContext, client: TLSContext, serverName: String = "localhost") throws {
        self.server = try Side(.server(context: server))
        self.client = try Side(.client(context: client, serverName: serverName))
        try self.server.connect()
        try self.client.connect()
    }

    /// Until no more bytes move.
    func exchange(pieceSize: () -> Int = { 1 << 20 }) throws {
        var moved = true
        while moved {
            moved = try carry(from: client, to: server, pieceSize) || false
            moved = try carry(from: server, to: client, pieceSize) || moved
        }
    }

    private func carry(from: Side, to: Side, _ pieceSize: () -> Int) throws -> Bool {
        var moved = false
        while var data = try from.channel.readOutbound(as: ByteBuffer.self) {
            moved = true
            while to.channel.isActive, let piece = data.readSlice(length: min(data.readableBytes, pieceSize())),
                piece.readableBytes > 0
            {
                // Reads like a channel with automatic reading.
                to.channel.read()
                to.channel.pipeline.fireChannelRead(piece)
                to.channel.pipeline.fireChannelReadComplete()
            }
            from.channel.embeddedEventLoop.run()
            to.channel.embeddedEventLoop.run()
        }
        return moved
    }

    /// Lets the wait for the peer time out first, because `EmbeddedChannel.finish` blocks until the channel is closed.
    func finish() {
        for side in [client, server] {
            side.channel.close(promise: nil)
            side.channel.embeddedEventLoop.advanceTime(by: .seconds(20))
            _ = try? side.channel.finish(acceptAlreadyClosed: true)
        }
    }
}
