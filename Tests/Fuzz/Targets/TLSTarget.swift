import NIOCore
import NIOEmbedded
import NIOOpenSSL
import OpenSSL

/// The server's TLS handler, with raw bytes in random buffers, or with a real client whose bytes are passed on, held
/// back, damaged and mixed with others.
struct TLSTarget: FuzzTarget {
    private let identities: TLSIdentities

    init() throws { identities = try TLSIdentities(protocols: ["http/1.1", "h2"]) }

    func run(_ input: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(input)
        let mode = input.byte()
        let server = try TLSPeer(.server(context: mode & 2 == 0 ? identities.server : identities.openServer))
        try server.connect()
        if mode & 1 == 0 {
            try feed(server, input.remainder())
        } else {
            var wire = try Wire(server, context: identities.client)
            try wire.run(&input)
        }
    }

    private func feed(_ server: TLSPeer, _ bytes: [UInt8]) throws {
        var sizes = PieceSizes(seed: bytes.withUnsafeBytes { fingerprint($0) })
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(sizes.next())
            rest = rest.dropFirst(piece.count)
            server.deliver(Array(piece))
        }
        require(server.received.isEmpty, "nothing comes out without a handshake")
        _ = try server.takeOutput()
        server.finish()
    }
}

/// Buffer sizes that depend on a seed.
struct PieceSizes {
    private var state: UInt32

    init(seed: UInt32) { state = seed | 1 }

    /// From 1 to 256, often small.
    mutating func next() -> Int {
        state ^= state << 13
        state ^= state >> 17
        state ^= state << 5
        return Int(state & 3 == 0 ? state >> 8 & 0xFF : state >> 8 & 0xF) + 1
    }
}

/// A client, a server, and the bytes between them.
private struct Wire {
    private let server: TLSPeer
    private let client: TLSPeer
    private var toServer: [UInt8] = []
    private var toClient: [UInt8] = []

    init(_ server: TLSPeer, context: TLSContext) throws {
        self.server = server
        client = try TLSPeer(.client(context: context, serverName: "localhost"))
        try client.connect()
    }

    mutating func run(_ input: inout FuzzInput) throws {
        try collect()
        var steps = 0
        while !input.isEmpty, steps < 256 {
            step(input.byte() % 15, Int(input.byte()), &input)
            try collect()
            steps += 1
        }
        // Whatever happened to the records: the output is a prefix of what was sent.
        require(client.sent.starts(with: server.received), "the server reads only what the client wrote")
        require(server.sent.starts(with: client.received), "the client reads only what the server wrote")
        server.finish()
        client.finish()
    }

    private mutating func collect() throws {
        toServer.append(contentsOf: try client.takeOutput())
        toClient.append(contentsOf: try server.takeOutput())
    }

    private mutating func step(_ operation: UInt8, _ argument: Int, _ input: inout FuzzInput) {
        switch operation {
        case 0:
            carryToServer(toServer.count)
            client.deliver(toClient)
            toClient = []
        case 1: client.write(argument * argument / 2 + 1)
        case 2: server.write(argument * argument / 2 + 1)
        case 3: client.channel.close(promise: nil)
        case 4: server.channel.close(promise: nil)
        case 5:
            guard !toServer.isEmpty else { return }
            toServer[argument % toServer.count] ^= 1 << UInt8(argument % 8)
        case 6: toServer.removeFirst(min(argument, toServer.count))
        case 7: toServer.append(contentsOf: toServer.prefix(4096))
        case 8: carryToServer(argument)
        case 9: server.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        case 10: server.channel.embeddedEventLoop.advanceTime(by: .milliseconds(Int64(argument) * 100))
        case 11: server.channel.close(mode: .output, promise: nil)
        case 12: toServer.insert(contentsOf: input.bytes(argument), at: 0)
        case 13: carryToServer(argument, asks: false)
        default: server.channel.read()
        }
    }

    private mutating func carryToServer(_ count: Int, asks: Bool = true) {
        let bytes = Array(toServer.prefix(count))
        toServer.removeFirst(bytes.count)
        server.deliver(bytes, asks: asks)
    }
}
