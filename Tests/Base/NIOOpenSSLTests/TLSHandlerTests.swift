import NIOCore
import NIOEmbedded
import NIOTLS
import OpenSSL
import TestSupport
import Testing

@testable import NIOOpenSSL

@Suite struct TLSHandlerTests {
    let parties: TLSParties

    init() throws { parties = try TLSParties.shared.get() }

    @Test(
        "a megabyte arrives unchanged in both directions, in pieces of any size",
        arguments: [1, 7, 100, 5_000, 1 << 20])
    func aMegabyteBothWays(pieceSize: Int) throws {
        let pair = try EmbeddedPair(
            server: parties.serverContext(mutual: true), client: parties.clientContext(parties.client))
        defer { pair.finish() }
        let size = pieceSize < 100 ? 40_000 : 1 << 20
        let request = randomBytes(size), response = randomBytes(size)
        // Written before the handshake, so it waits.
        pair.client.channel.writeAndFlush(ByteBuffer(bytes: request), promise: nil)
        try pair.exchange { Int.random(in: 1...pieceSize) }
        #expect(pair.server.recorder.received == request)
        pair.server.channel.writeAndFlush(ByteBuffer(bytes: response), promise: nil)
        try pair.exchange { Int.random(in: 1...pieceSize) }
        #expect(pair.client.recorder.received == response)
        #expect(pair.client.recorder.errors + pair.server.recorder.errors == [])
        #expect(pair.server.recorder.events == [.handshakeCompleted(negotiatedProtocol: nil)])
        #expect(pair.server.handler.peerCertificate?.commonName == "kube-apiserver")
        #expect(pair.client.handler.peerCertificate?.commonName == "server")
        #expect(pair.server.handler.tlsVersion == "TLSv1.3")
        #expect(pair.server.handler.cipherName == pair.client.handler.cipherName)
        // OpenSSL 3.5 was the first with ML-KEM; one before it refuses the name, so that the next line is offered.
        let hasHybrid = !OpenSSLLibrary.version.starts(with: /3\.[0-4]\./)
        for handler in [pair.server.handler, pair.client.handler] {
            #expect(handler.keyExchange == (hasHybrid ? "X25519MLKEM768" : "x25519"))
        }
    }

    @Test("several writes become one record")
    func severalWritesBecomeOne() throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext())
        defer { pair.finish() }
        try pair.exchange()
        let channel = pair.server.channel
        let promises = (0..<3).map { _ in channel.eventLoop.makePromise(of: Void.self) }
        for (index, promise) in promises.enumerated() {
            channel.write(ByteBuffer(bytes: [UInt8](repeating: UInt8(index), count: 100)), promise: promise)
        }
        channel.flush()
        let sent = try #require(try channel.readOutbound(as: ByteBuffer.self))
        #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
        // One record: 5 bytes of header, a content type, a 16-byte tag.
        #expect(sent.readableBytes == 300 + 22)
        #expect(promises.allSatisfy(isFulfilled))
    }

    @Test(
        "what was flushed leaves in full records and with one write",
        arguments: [
            (pieces: [10_000, 10_000, 10_000], records: 2), (pieces: [16_384], records: 1),
            (pieces: [16_385], records: 2), (pieces: [100_000], records: 7), (pieces: [1, 40_000, 1], records: 3),
        ])
    func fullRecords(_ example: (pieces: [Int], records: Int)) throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext())
        defer { pair.finish() }
        try pair.exchange()
        let channel = pair.server.channel
        let total = example.pieces.reduce(0, +)
        for _ in 0..<2 {
            for piece in example.pieces { channel.write(ByteBuffer(repeating: 0x78, count: piece), promise: nil) }
            channel.flush()
            let sent = try #require(try channel.readOutbound(as: ByteBuffer.self))
            #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
            #expect(sent.readableBytes == total + 22 * example.records)
            pair.client.channel.read()
            pair.client.channel.pipeline.fireChannelRead(sent)
            pair.client.channel.pipeline.fireChannelReadComplete()
        }
        #expect(pair.client.recorder.received == [UInt8](repeating: 0x78, count: 2 * total))
    }

    @Test("what was written but not flushed stays, also if it was written before the handshake")
    func onlyFlushedIsSent() throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext())
        defer { pair.finish() }
        let channel = pair.client.channel
        let promises = (0..<2).map { _ in channel.eventLoop.makePromise(of: Void.self) }
        channel.write(ByteBuffer(string: "flushed"), promise: promises[0])
        channel.flush()
        channel.write(ByteBuffer(string: ", not yet"), promise: promises[1])
        try pair.exchange()
        #expect(String(decoding: pair.server.recorder.received, as: UTF8.self) == "flushed")
        #expect(promises.map(isFulfilled) == [true, false])
        channel.flush()
        try pair.exchange()
        #expect(String(decoding: pair.server.recorder.received, as: UTF8.self) == "flushed, not yet")
        #expect(promises.map(isFulfilled) == [true, true])
    }

    static let alpn: [(name: String, server: [String], client: [String], chosen: String?, fails: Bool)] = [
        ("the server's favourite wins", ["http/1.1", "h2"], ["h2", "http/1.1"], "http/1.1", false),
        ("the only common one", ["http/1.1", "h2"], ["h2"], "h2", false),
        ("client offers none", ["http/1.1"], [], nil, false),
        ("server knows none", [], ["h2"], nil, false),
        ("nothing in common", ["http/1.1"], ["spdy/3"], nil, true),
    ]

    @Test("both sides agree on the first protocol that they share", arguments: alpn.indices)
    func applicationProtocols(index: Int) throws {
        let row = Self.alpn[index]
        let pair = try EmbeddedPair(
            server: parties.serverContext(protocols: row.server), client: parties.clientContext(protocols: row.client))
        defer { pair.finish() }
        try pair.exchange()
        if row.fails {
            #expect(pair.server.recorder.errors == [.handshakeFailed(.noCommonApplicationProtocol)])
            #expect(pair.client.recorder.errors == [.handshakeFailed(.alertReceived(.noApplicationProtocol))])
        } else {
            #expect(pair.server.recorder.events == [.handshakeCompleted(negotiatedProtocol: row.chosen)], "\(row.name)")
            #expect(pair.client.handler.negotiatedProtocol == row.chosen, "\(row.name)")
        }
    }

    static let refusedClients:
        [(name: String, identity: @Sendable (TLSParties) -> TestIdentity?, cause: TLSFailureCause)] =
            [
                ("none", { _ in nil }, .noClientCertificate),
                ("of another authority", { $0.stranger }, .untrustedCertificate),
                ("expired", { $0.expired }, .certificateExpired),
                ("not yet valid", { $0.early }, .certificateNotYetValid),
                ("a server's", { $0.server }, .wrongCertificatePurpose),
            ]

    @Test("a client certificate is refused for its own cause", arguments: refusedClients.indices)
    func refusedClientCertificate(index: Int) throws {
        let row = Self.refusedClients[index]
        let pair = try EmbeddedPair(
            server: parties.serverContext(mutual: true), client: parties.clientContext(row.identity(parties)))
        defer { pair.finish() }
        try pair.exchange()
        #expect(pair.server.recorder.errors == [.handshakeFailed(row.cause)], "\(row.name)")
        #expect(pair.server.recorder.events == [])
        #expect(pair.server.recorder.received == [])
        // The alert reached the client before the connection was closed.
        guard case .connectionFailed(.alertReceived) = pair.client.recorder.errors.first else {
            Issue.record("no alert, but \(pair.client.recorder.errors)")
            return
        }
    }

    @Test("a client refuses a server's certificate of another authority or name")
    func refusedServerCertificate() throws {
        let parties = parties
        func fails(_ client: TLSContext, _ name: String, _ cause: TLSFailureCause) throws {
            let pair = try EmbeddedPair(server: parties.serverContext(), client: client, serverName: name)
            defer { pair.finish() }
            try pair.exchange()
            #expect(pair.client.recorder.errors == [.handshakeFailed(cause)], "\(name)")
        }
        try fails(parties.clientContext(), "example.com", .hostNameMismatch)
        try fails(parties.clientContext(), "server", .hostNameMismatch)
        try fails(parties.clientContext(), "127.0.0.2", .hostNameMismatch)
        try fails(parties.clientContext(trusting: parties.stranger.certificate), "localhost", .untrustedCertificate)
        let impersonator = try TLSContext(
            server: TLSServerConfiguration(
                certificateChain: parties.client.certificate.pem, privateKey: parties.client.key))
        let pair = try EmbeddedPair(server: impersonator, client: parties.clientContext())
        defer { pair.finish() }
        try pair.exchange()
        #expect(pair.client.recorder.errors == [.handshakeFailed(.wrongCertificatePurpose)])
    }

    @Test("an IP address is verified as a server name")
    func addressAsServerName() throws {
        let pair = try EmbeddedPair(
            server: parties.serverContext(), client: parties.clientContext(), serverName: "127.0.0.1")
        defer { pair.finish() }
        try pair.exchange()
        #expect(pair.client.recorder.events == [.handshakeCompleted(negotiatedProtocol: nil)])
    }

    @Test("an impossible server name fails the handshake", arguments: ["", "a\0b", String(repeating: "a", count: 300)])
    func impossibleServerNameFailsTheHandshake(name: String) throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext(), serverName: name)
        defer { pair.finish() }
        guard case .handshakeFailed(.other) = pair.client.recorder.errors.first else {
            Issue.record("\(pair.client.recorder.errors)")
            return
        }
    }

    @Test("close_notify is answered, and the connection ends without an error")
    func closingIsAnsweredAndClean() throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext())
        defer { pair.finish() }
        try pair.exchange()
        let closed = pair.server.channel.eventLoop.makePromise(of: Void.self)
        pair.server.channel.close(promise: closed)
        #expect(pair.server.channel.isActive, "it waits for the client's close_notify")
        try pair.exchange()
        #expect(isFulfilled(closed))
        #expect(!pair.server.channel.isActive)
        #expect(!pair.client.channel.isActive)
        for side in [pair.client, pair.server] {
            #expect(side.recorder.events.last == .shutdownCompleted)
            #expect(side.recorder.errors == [])
        }
    }

    @Test("closing does not wait for the peer forever")
    func closingDoesNotWaitForever() throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext())
        defer { pair.finish() }
        try pair.exchange()
        pair.server.channel.close(promise: nil)
        pair.server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(999))
        #expect(pair.server.channel.isActive)
        pair.server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(1))
        #expect(!pair.server.channel.isActive)
    }

    @Test("a connection whose output is closed still reads")
    func closedOutputStillReads() throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext())
        defer { pair.finish() }
        try pair.server.channel.setOption(.allowRemoteHalfClosure, value: true).wait()
        try pair.exchange()
        pair.client.channel.close(mode: .output, promise: nil)
        try pair.exchange()
        #expect(pair.server.recorder.inputClosed)
        let late = pair.client.channel.eventLoop.makePromise(of: Void.self)
        pair.client.channel.writeAndFlush(ByteBuffer(string: "too late"), promise: late)
        #expect(failure(late) as? ChannelError == .outputClosed)
        pair.server.channel.writeAndFlush(ByteBuffer(string: "answer"), promise: nil)
        try pair.exchange()
        #expect(pair.client.recorder.received == Array("answer".utf8))
        pair.server.channel.close(promise: nil)
        try pair.exchange()
        #expect(!pair.client.channel.isActive)
        #expect(!pair.server.channel.isActive)
    }

    @Test("an end without close_notify is a truncation")
    func endWithoutCloseNotifyIsTruncation() throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext())
        defer { pair.finish() }
        try pair.exchange()
        pair.server.channel.pipeline.fireChannelInactive()
        #expect(pair.server.recorder.errors == [.truncated])
    }

    @Test("an end during the handshake is an error")
    func endDuringTheHandshake() throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext())
        defer { pair.finish() }
        let write = pair.client.channel.eventLoop.makePromise(of: Void.self)
        pair.client.channel.writeAndFlush(ByteBuffer(string: "never sent"), promise: write)
        pair.client.channel.pipeline.fireChannelInactive()
        #expect(pair.client.recorder.errors == [.handshakeFailed(.connectionClosed)])
        #expect(failure(write) as? TLSError == .handshakeFailed(.connectionClosed))
    }

    @Test("a slow handshake is given up")
    func slowHandshakeIsGivenUp() throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext())
        defer { pair.finish() }
        pair.server.channel.embeddedEventLoop.advanceTime(by: .seconds(10))
        #expect(pair.server.recorder.errors == [.handshakeTimedOut])
        #expect(!pair.server.channel.isActive)
    }

    @Test(
        "bytes that are not TLS are refused",
        arguments: [
            ("plain HTTP", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
            ("garbage", String(repeating: "x", count: 100)),
        ])
    func whatIsNotTLSIsRefused(name: String, bytes: String) throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext())
        defer { pair.finish() }
        pair.server.channel.pipeline.fireChannelRead(ByteBuffer(string: bytes))
        #expect(pair.server.recorder.errors == [.handshakeFailed(.notTLS)], "\(name)")
    }

    @Test("a damaged record ends the connection")
    func damagedRecordEndsTheConnection() throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext())
        defer { pair.finish() }
        try pair.exchange()
        pair.client.channel.writeAndFlush(ByteBuffer(string: "hello"), promise: nil)
        var record = try #require(try pair.client.channel.readOutbound(as: ByteBuffer.self))
        record.setInteger(record.getInteger(at: 10, as: UInt8.self).map { $0 ^ 1 } ?? 0, at: 10)
        pair.server.channel.pipeline.fireChannelRead(record)
        pair.server.channel.pipeline.fireChannelReadComplete()
        #expect(pair.server.recorder.received == [])
        guard case .connectionFailed(.other) = pair.server.recorder.errors.first else {
            Issue.record("\(pair.server.recorder.errors)")
            return
        }
        #expect(try pair.server.channel.readOutbound(as: ByteBuffer.self) != nil, "the alert")
    }

    @Test("plaintext is delivered only when it is asked for")
    func plaintextWaitsUntilItIsAskedFor() throws {
        let pair = try EmbeddedPair(server: parties.serverContext(), client: parties.clientContext())
        defer { pair.finish() }
        try pair.exchange()
        pair.client.channel.writeAndFlush(ByteBuffer(string: "first"), promise: nil)
        try pair.exchange()
        #expect(pair.server.recorder.received == Array("first".utf8))
        pair.client.channel.writeAndFlush(ByteBuffer(string: "second"), promise: nil)
        let record = try #require(try pair.client.channel.readOutbound(as: ByteBuffer.self))
        // Ends the request that `exchange` made last.
        pair.server.handler.readRequested = false
        pair.server.channel.pipeline.fireChannelRead(record)
        pair.server.channel.pipeline.fireChannelReadComplete()
        #expect(pair.server.recorder.received == Array("first".utf8))
        pair.server.channel.read()
        #expect(pair.server.recorder.received == Array("firstsecond".utf8))
    }
}

/// The outcome of a promise, without waiting: on an embedded loop nothing else could complete it.
private func outcome(_ promise: EventLoopPromise<Void>) -> Result<Void, any Error>? {
    let box = OutcomeBox()
    promise.futureResult.assumeIsolated().whenComplete { box.value = $0 }
    return box.value
}

private final class OutcomeBox { var value: Result<Void, any Error>? }

private func isFulfilled(_ promise: EventLoopPromise<Void>) -> Bool {
    if case .success = outcome(promise) { true } else { false }
}

private func failure(_ promise: EventLoopPromise<Void>) -> (any Error)? {
    if case .failure(let error) = outcome(promise) { error } else { nil }
}
