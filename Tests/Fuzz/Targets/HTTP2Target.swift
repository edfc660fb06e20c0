/// HTTP/2 frames: the input as it is, or short frames to which preface and lengths are added.
struct HTTP2Target: FuzzTarget {
    private let shared: HTTPServer.Shared
    private static let preface = Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8) + [0, 0, 0, 4, 0, 0, 0, 0, 0]

    init() throws { shared = try HTTPServer.Shared() }

    func run(_ input: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(input)
        let mode = input.byte()
        let server = try HTTPServer(shared, isHTTP2: true)
        var streams: Set<UInt32> = [0]
        if mode & 1 == 1 {
            var sizes = PieceSizes(seed: UInt32(mode) &* 2_654_435_761)
            let bytes = input.remainder()
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(sizes.next())
                rest = rest.dropFirst(piece.count)
                server.deliver(piece)
            }
            check(try finish(server), streams: nil)
        } else {
            server.deliver(HTTP2Target.preface)
            while !input.isEmpty {
                let (kind, flags, stream, count) = (input.byte(), input.byte(), input.byte(), input.byte())
                let payload = input.bytes(Int(count))
                if kind == 1 { streams.insert(UInt32(stream)) }
                server.deliver([0, 0, UInt8(payload.count), kind, flags, 0, 0, 0, stream] + payload)
            }
            check(try finish(server), streams: streams)
        }
    }

    private func finish(_ server: HTTPServer) throws -> [UInt8] {
        var output = try server.takeOutput()
        server.endFetches()
        output.append(contentsOf: try server.takeOutput())
        output.append(contentsOf: try server.finish())
        return output
    }

    /// - Parameter streams: the streams that the client opened; nil if unknown.
    private func check(_ output: [UInt8], streams: Set<UInt32>?) {
        var rest = output[...]
        var bodies: [UInt32: [UInt8]] = [:]
        while !rest.isEmpty {
            require(rest.count >= 9, "a frame has a head")
            let head = Array(rest.prefix(9))
            let count = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let stream = UInt32(head[5] & 0x7F) << 24 | UInt32(head[6]) << 16 | UInt32(head[7]) << 8 | UInt32(head[8])
            require(count <= 16_384 && rest.count >= 9 + count, "a frame is whole and not too large")
            require(head[3] <= 9 && head[3] != 5, "a frame is of a known kind and no push")
            require(streams?.contains(stream) ?? true, "a frame is for a stream that the client began")
            require(head[3] > 1 || stream != 0, "headers and data belong to a stream")
            if head[3] == 0 {
                bodies[stream, default: []].append(contentsOf: rest.dropFirst(9).prefix(count))
                if head[4] & 1 == 1 {
                    require(parsedJSON(bodies[stream] ?? []) != nil, "an answer is valid JSON")
                }
            }
            rest = rest.dropFirst(9 + count)
        }
    }
}
