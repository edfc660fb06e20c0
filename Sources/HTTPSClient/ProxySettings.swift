internal import Glibc

/// A forward proxy that is asked to CONNECT.
public struct HTTPProxy: Hashable, Sendable {
    public var host: String
    public var port: Int
    /// Value of `Proxy-Authorization`, when the address carries a user.
    var authorization: String?

    /// Reads `http://[user:password@]host[:port]`; a bare `host:port` is taken as such.
    public init?(_ text: String) {
        var rest = Substring(text)
        if text.lowercased().utf8.starts(with: "http://".utf8) {
            rest = rest.dropFirst("http://".count)
        } else if text.utf8.contains(UInt8(ascii: "/")) {
            return nil
        }
        while rest.last == "/" { rest = rest.dropLast() }
        if let at = rest.lastIndex(of: "@") {
            let user = HTTPProxy.percentDecoded(rest[..<at])
            authorization = "Basic " + HTTPProxy.base64(user)
            rest = rest[rest.index(after: at)...]
        }
        guard let authority = HostAndPort(rest, defaultPort: 80) else { return nil }
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

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var output: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) } << UInt32(8 * (3 - group.count))
            for index in 0..<4 {
                let isPadding = index > group.count
                output.append(isPadding ? UInt8(ascii: "=") : alphabet[Int(word >> UInt32(18 - 6 * index) & 63)])
            }
        }
        return String(decoding: output, as: UTF8.self)
    }
}

/// Which requests go through which proxy.
public struct ProxySettings: Hashable, Sendable {
    public var proxy: HTTPProxy?
    /// Hosts that are reached directly: names with all their subdomains, addresses, `*`.
    public var exceptions: [String]

    public init(proxy: HTTPProxy?, exceptions: [String] = []) {
        self.proxy = proxy
        self.exceptions = exceptions
    }

    /// `HTTPS_PROXY` and `NO_PROXY`, in either case, as curl reads them.
    public static func environment() -> ProxySettings {
        ProxySettings(
            proxy: variable("HTTPS_PROXY").flatMap { HTTPProxy($0) },
            exceptions: (variable("NO_PROXY") ?? "").split { $0 == "," || $0 == " " }.map { $0.lowercased() }
        )
    }

    /// The proxy for a host; nil to go there directly.
    public func proxy(for url: HTTPSURL) -> HTTPProxy? {
        guard let proxy else { return nil }
        let isException = exceptions.contains { exception in
            if exception == "*" { return true }
            guard let entry = HostAndPort(Substring(exception), defaultPort: url.port), entry.port == url.port else {
                return exception == url.host
            }
            let name = entry.host.utf8.first == UInt8(ascii: ".") ? String(entry.host.dropFirst()) : entry.host
            return url.host == name || url.host.hasSuffix("." + name)
        }
        return isException ? nil : proxy
    }

    private static func variable(_ name: String) -> String? {
        for spelling in [name, name.lowercased()] {
            if let value = getenv(spelling) {
                let text = String(cString: value)
                if !text.isEmpty { return text }
            }
        }
        return nil
    }
}
