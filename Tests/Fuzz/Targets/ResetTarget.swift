import JOSE
import Jansson
import NIOCore
import NIOEmbedded
import NIOOpenSSL
import OpenSSL
import TokenReviewAPI

/// A TLS session with a review, cut off after each byte of a block: nothing may be left or leaked.
///
/// The seeds are all blocks of every variant, so that a session ends once at each of its bytes.
struct ResetTarget: FuzzTarget {
    static let blockSize = 64
    /// The last block of seeds.py.
    static let lastSeed = 47

    private let shared: HTTPServer.Shared
    private let http1: TLSIdentities
    private let http2: TLSIdentities
    private let request: [UInt8]
    private let frames: [UInt8]

    init() throws {
        shared = try HTTPServer.Shared()
        http1 = try TLSIdentities(protocols: ["http/1.1"])
        http2 = try TLSIdentities(protocols: ["h2"])
        let token = try FuzzTenant.sign(header: FuzzTenant.header, payload: JSON.object(FuzzTenant.claims).render())
        let body = TokenReviewRequest.encode(token: String(decoding: token, as: UTF8.self))
        let head =
            "POST /authenticate HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            + "Content-Length: \(body.count)\r\n\r\n"
        request = Array(head.utf8) + body
        frames = ResetTarget.frames(body)
    }

    func run(_ input: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(input)
        let variant = input.byte()
        let first = Int(input.byte()) * ResetTarget.blockSize
        if first == ResetTarget.lastSeed * ResetTarget.blockSize {
            require(try !session(variant, cutAfter: first), "the seeds reach to the end of a session")
        }
        for cut in first..<first + ResetTarget.blockSize where try !session(variant, cutAfter: cut) { break }
        require(findLeaks() == 0, "a session that is cut off leaks nothing")
    }

    /// One session; false if it ended before this number of the client's bytes.
    private func session(_ variant: UInt8, cutAfter cut: Int) throws -> Bool {
        let isHTTP2 = variant & 1 == 1
        let identities = isHTTP2 ? http2 : http1
        let server = try HTTPServer(shared, context: identities.server)
        let client = try TLSPeer(.client(context: identities.client, serverName: "localhost"))
        try client.connect()
        client.write(isHTTP2 ? frames : request)
        var carried = 0
        var wasCut = false
        while !wasCut {
            let bytes = try client.takeOutput()
            let piece = bytes.prefix(cut - carried)
            carried += piece.count
            server.deliver(piece)
            wasCut = piece.count < bytes.count || carried == cut
            let answer = try server.takeOutput()
            if !wasCut {
                guard !answer.isEmpty || !bytes.isEmpty else { break }
                client.deliver(answer)
            }
        }
        if !wasCut { require(isAnswered(client), "a session that is not cut off has its answer") }
        switch variant >> 1 & 3 {
        case 0: server.reset()
        case 1: server.endOfFile()
        // Half closed: the server must end it.
        case 2: server.channel.pipeline.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        // The client sends nothing more.
        default: break
        }
        _ = try server.finish()
        client.finish()
        return wasCut
    }

    private func isAnswered(_ client: TLSPeer) -> Bool {
        client.received.firstRange(of: Array("\"authenticated\":true".utf8)) != nil
    }

    private static func frames(_ body: [UInt8]) -> [UInt8] {
        func frame(_ kind: UInt8, _ flags: UInt8, _ stream: UInt8, _ payload: [UInt8]) -> [UInt8] {
            [0, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF), kind, flags, 0, 0, 0, stream] + payload
        }
        var block: [UInt8] = []
        for (name, value) in [
            (":method", "POST"), (":scheme", "https"), (":path", "/authenticate"), (":authority", "a"),
            ("content-type", "application/json"),
        ] {
            block += [0, UInt8(name.utf8.count)] + name.utf8 + [UInt8(value.utf8.count)] + value.utf8
        }
        return Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + frame(4, 0, 0, []) + frame(1, 4, 1, block)
            + frame(0, 1, 1, body)
    }
}

/// Asks the leak sanitizer; not 0 if it has found and printed a leak.
@_silgen_name("__lsan_do_recoverable_leak_check") private func findLeaks() -> CInt
