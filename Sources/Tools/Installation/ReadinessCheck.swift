import Glibc

/// Asks a webhook's operations port whether it is ready, with one plain request on this host.
struct ReadinessCheck {
    let host: String
    let port: Int

    /// Nil if it is ready; otherwise its answer, or why there is none.
    var obstacle: String? {
        guard let answer = exchange() else { return "nothing answers at \(host):\(port)" }
        let text = String(decoding: answer, as: UTF8.self)
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
        if lines.first?.contains(" 200 ") ?? false { return nil }
        let failed = text.split(separator: "\n").filter { $0.hasPrefix("[-]") }
        return failed.isEmpty
            ? "what answers at \(host):\(port) is not the webhook's operations port"
            : failed.map { $0.dropFirst(3) }.joined(separator: "; ")
    }

    private func exchange() -> [UInt8]? {
        var hints = addrinfo()
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var found: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(host, String(port), &hints, &found) == 0, let first = found else { return nil }
        defer { freeaddrinfo(found) }
        let descriptor = socket(first.pointee.ai_family, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
            setsockopt(descriptor, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
        }
        guard connect(descriptor, first.pointee.ai_addr, first.pointee.ai_addrlen) == 0 else { return nil }
        let name = host.contains(":") ? "[\(host)]" : host
        let request = Array("GET /readyz?verbose HTTP/1.1\r\nHost: \(name):\(port)\r\nConnection: close\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return nil }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while answer.count < 65_536 {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            answer += buffer[..<count]
        }
        return answer.isEmpty ? nil : answer
    }
}
