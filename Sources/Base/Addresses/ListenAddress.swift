/// A host and a port to listen on.
public struct ListenAddress: Hashable, Sendable, CustomStringConvertible {
    /// An IP address without brackets, or a name: ASCII, so that comparing it compares bytes.
    public var host: String
    /// 0 lets the system choose a free port.
    public var port: Int

    public init(host: String, port: Int) {
        self.host = host
        self.port = port
    }

    public var description: String {
        host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]:\(port)" : "\(host):\(port)"
    }

    /// Whether this means all addresses of the host.
    public var isEveryAddress: Bool { host == "0.0.0.0" || host == "::" }

    /// Whether only this host can connect.
    public var isLoopback: Bool {
        host.lowercased() == "localhost" || host == "::1" || IPAddress(host).map { $0.isIPv4 && $0.isLoopback } == true
    }

    /// Whether one process cannot listen on both.
    public func overlaps(_ other: ListenAddress) -> Bool {
        guard port == other.port, port != 0 else { return false }
        if isEveryAddress || other.isEveryAddress { return true }
        let names = [host.lowercased(), other.host.lowercased()]
        return names[0] == names[1] || (names.contains("localhost") && isLoopback && other.isLoopback)
    }
}

extension ListenAddress {
    /// Reads `host:port` or `[address]:port`; `:port` means all addresses. Nil for anything else.
    public init?(_ text: String) {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard digits.utf8.allSatisfy({ (48...57).contains($0) }), let port = Int(digits), port <= 65_535 else {
            return nil
        }
        var host = String(text[..<colon])
        if host.utf8.first == UInt8(ascii: "["), host.utf8.last == UInt8(ascii: "]") {
            host = String(host.dropFirst().dropLast())
            guard ListenAddress.looksLikeIPv6(host) else { return nil }
        } else {
            guard ListenAddress.isName(host) else { return nil }
        }
        self.init(host: host.isEmpty ? "0.0.0.0" : host, port: port)
    }

    private static func looksLikeIPv6(_ host: String) -> Bool {
        let address = host.prefix { $0 != "%" }
        return address.utf8.count { $0 == UInt8(ascii: ":") } >= 2
            && address.allSatisfy { $0.isHexDigit && $0.isASCII || $0 == ":" || $0 == "." }
            && host.utf8.allSatisfy { $0 > 32 && $0 != UInt8(ascii: "/") && $0 < 127 }
    }

    /// A DNS name or an IPv4 address. Text of digits and dots only must be an address.
    private static func isName(_ host: String) -> Bool {
        let allowed = host.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-._".utf8.contains(byte)
        }
        guard allowed else { return false }
        let isNumeric = !host.isEmpty && host.utf8.allSatisfy { (48...57).contains($0) || $0 == UInt8(ascii: ".") }
        return !isNumeric || IPAddress(host) != nil
    }
}
