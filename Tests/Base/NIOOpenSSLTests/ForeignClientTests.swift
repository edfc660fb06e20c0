import NIOCore
import NIOPosix
import OpenSSL
import TestSupport
import Testing

@testable import NIOOpenSSL

/// Tests the server's side with `openssl s_client`.
@Suite struct ForeignClientTests {
    static let clients: [(name: String, arguments: [String], shows: String, welcome: Bool)] = [
        ("TLS 1.3", ["-tls1_3"], "New, TLSv1.3", true),
        ("TLS 1.2", ["-tls1_2"], "New, TLSv1.2", true),
        ("TLS 1.1", ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], "alert protocol version", false),
        ("no forward secrecy", ["-tls1_2", "-cipher", "AES128-GCM-SHA256"], "alert handshake failure", false),
        ("no AEAD", ["-tls1_2", "-cipher", "ECDHE+AES:!AESGCM"], "alert handshake failure", false),
        ("ALPN in common", ["-alpn", "h2,http/1.1"], "ALPN protocol: http/1.1", true),
        ("no ALPN in common", ["-alpn", "spdy/3"], "alert no application protocol", false),
        ("renegotiation", ["-tls1_2", "renegotiate"], "no renegotiation", false),
        ("no certificate", ["without"], "alert certificate required", false),
    ]

    @Test("openssl s_client is accepted or refused as its options deserve", arguments: clients.indices)
    func sClient(index: Int) async throws {
        let row = Self.clients[index]
        let parties = try TLSParties.shared.get()
        let context = try parties.serverContext(mutual: true, protocols: ["http/1.1", "h2"])
        let server = try await Self.echoServer(context)
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        try folder.write("ca", parties.authority.pem)
        try folder.write("certificate", parties.client.certificate.pem)
        try folder.write("key", parties.client.key)
        var arguments = [
            "openssl", "s_client", "-connect", "127.0.0.1:\(server.localAddress?.port ?? 0)", "-CAfile",
            folder.path("ca"),
            "-verify_return_error", "-verify_hostname", "localhost", "-ign_eof",
        ]
        let renegotiates = row.arguments.contains("renegotiate")
        if renegotiates {
            // The letter R works only if the end of input ends the program too.
            arguments.removeLast()
            arguments += ["-cert", folder.path("certificate"), "-key", folder.path("key"), "-tls1_2"]
        } else if row.arguments == ["without"] {
            arguments.append("-tls1_3")
        } else {
            arguments += ["-cert", folder.path("certificate"), "-key", folder.path("key")] + row.arguments
        }
        let command = arguments
        let peer = await Self.offload { ForeignPeer.run(command, input: renegotiates ? "R\n" : "hello from outside\n") }
        try await server.close()
        let output = peer.output.lowercased()
        #expect(output.contains(row.shows.lowercased()), "\(row.name): \(peer.output)")
        #expect(output.contains("echo: hello from outside") == row.welcome, "\(row.name): \(peer.output)")
    }

    /// Answers the first line with "echo: " and the line, and closes.
    static func echoServer(_ context: TLSContext) async throws -> any Channel {
        try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandlers(TLSHandler.server(context: context), Echo())
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    private final class Echo: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            context.write(wrapOutboundOut(ByteBuffer(string: "echo: ")), promise: nil)
            context.writeAndFlush(data, promise: nil)
            context.close(promise: nil)
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    /// Runs a blocking wait on another thread than those of the tests.
    static func offload<Value: Sendable>(_ body: @escaping @Sendable () -> Value) async -> Value {
        (try? await NIOThreadPool.singleton.runIfActive { body() }) ?? body()
    }
}
