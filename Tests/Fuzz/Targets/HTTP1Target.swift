/// HTTP/1.1 requests, once in one buffer and once in many: the answers must be the same.
struct HTTP1Target: FuzzTarget {
    private let shared: HTTPServer.Shared

    init() throws { shared = try HTTPServer.Shared() }

    func run(_ input: UnsafeRawBufferPointer) throws {
        var input = FuzzInput(input)
        let seed = UInt32(input.byte())
        let stream = input.remainder()
        let whole = try exchange([stream])
        var sizes = PieceSizes(seed: seed &* 2_654_435_761)
        var pieces: [[UInt8]] = []
        var rest = stream[...]
        while !rest.isEmpty {
            pieces.append(Array(rest.prefix(sizes.next())))
            rest = rest.dropFirst(pieces.last?.count ?? 0)
        }
        let parts = try exchange(pieces)
        require(
            settled(whole) == settled(parts),
            "answers depend on the pieces in which a request comes: \(whole) and \(parts)")
    }

    /// The deadline of a head depends on the buffers, so an unfinished head may or may not get an answer.
    private func settled(_ statuses: [Int]) -> ArraySlice<Int> {
        statuses.last == 408 ? statuses.dropLast() : statuses[...]
    }

    /// Statuses of all answers.
    private func exchange(_ pieces: [[UInt8]]) throws -> [Int] {
        let server = try HTTPServer(shared, isHTTP2: false)
        for piece in pieces { server.deliver(piece) }
        server.endFetches()
        var output = try server.takeOutput()
        output.append(contentsOf: try server.finish())
        return statuses(in: output, hasHead: pieces.joined().contains(UInt8(ascii: "H")))
    }

    /// Parses the server's bytes as a client does.
    private func statuses(in output: [UInt8], hasHead: Bool) -> [Int] {
        var statuses: [Int] = []
        var rest = output[...]
        while !rest.isEmpty {
            let head = require(rest.firstRange(of: Array("\r\n\r\n".utf8)), "an answer's head has an end")
            let lines = String(decoding: rest[..<head.lowerBound], as: UTF8.self).split(separator: "\r\n")
            rest = rest[head.upperBound...]
            let words = (lines.first ?? "").split(separator: " ")
            require(words.count >= 2 && words[0] == "HTTP/1.1", "an answer begins with its status")
            let status = require(words.count >= 2 ? Int(words[1]) : nil, "a status is a number")
            if status == 100 { continue }
            let length = lines.first { $0.hasPrefix("content-length: ") }.flatMap { Int($0.dropFirst(16)) }
            let count = require(length, "an answer has a length")
            if hasHead, rest.isEmpty || rest.starts(with: "HTTP/1.1 ".utf8) {
                statuses.append(status)
                continue
            }
            require(count <= rest.count, "an answer has all its bytes")
            require(parsedJSON(Array(rest.prefix(count))) != nil, "an answer is valid JSON")
            rest = rest.dropFirst(count)
            statuses.append(status)
        }
        return statuses
    }
}
