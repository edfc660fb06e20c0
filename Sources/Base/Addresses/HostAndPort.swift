/// `host`, `host:port` or `[address]:port`.
public struct HostAndPort: Hashable, Sendable {
    /// Lower case, without brackets.
    public let host: String
    /// As written, else the default.
    public let port: Int

    /// - Parameter defaultPort: the port if the text has none.
    public init?(_ text: Substring, defaultPort: Int) {
        var host = text
        var port = defaultPort
        if text.first == "[" {
            guard let end = text.firstIndex(of: "]") else { return nil }
            host = text[text.index(after: text.startIndex)..<end]
            let rest = text[text.index(after: end)...]
            if !rest.isEmpty {
                guard rest.first == ":", let number = HostAndPort.port(rest.dropFirst()) else { return nil }
                port = number
            }
        } else if let colon = text.firstIndex(of: ":") {
            host = text[..<colon]
            guard let number = HostAndPort.port(text[text.index(after: colon)...]) else { return nil }
            port = number
        }
        guard !host.isEmpty, host.utf8.allSatisfy({ !"@[]/\\%<>\"^`{|}".utf8.contains($0) }) else { return nil }
        self.host = host.lowercased()
        self.port = port
    }

    private static func port(_ text: Substring) -> Int? {
        guard let port = Int(text), (1...65_535).contains(port), String(port) == text else {
            return nil
        }
        return port
    }
}
