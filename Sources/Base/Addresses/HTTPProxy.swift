import SafeText

/// A forward proxy that opens tunnels with CONNECT (RFC 9110 section 9.3.6).
public struct HTTPProxy: Hashable, Sendable {
    /// Lower case, without brackets.
    public var host: String
    /// As written, else 80 for `http` and 443 for `https`.
    public var port: Int
    /// Whether the connection to the proxy itself uses TLS.
    public private(set) var isTLS = false
    /// Value of `Proxy-Authorization`, if the address has a user name. It is a secret.
    public private(set) var authorization: String?

    /// Reads `http://` or `https://`, `[user:password@]host[:port]`. Without a scheme it is `http`. Nil for anything
    /// else.
    public init?(_ text: String) {
        var rest = Substring(text)
        if text.lowercased().utf8.starts(with: "http://".utf8) {
            rest = rest.dropFirst("http://".count)
        } else if text.lowercased().utf8.starts(with: "https://".utf8) {
            rest = rest.dropFirst("https://".count)
            isTLS = true
        } else if text.utf8.contains(UInt8(ascii: "/")) {
            return nil
        }
        while rest.last == "/" { rest = rest.dropLast() }
        if let at = rest.lastIndex(of: "@") {
            let user = HTTPProxy.percentDecoded(rest[..<at])
            authorization = "Basic " + Base64.encode(user)
            rest = rest[rest.index(after: at)...]
        }
        guard let authority = HostAndPort(rest, defaultPort: isTLS ? 443 : 80) else { return nil }
        host = authority.host
        port = authority.port
    }

    private static func percentDecoded(_ text: Substring) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), rest.count >= 2,
                let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16)
            {
                bytes.append(value)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
