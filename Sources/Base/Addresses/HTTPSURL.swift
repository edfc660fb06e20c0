import SafeText

/// The parts of an `https://` URL.
public struct HTTPSURL: Hashable, Sendable, CustomStringConvertible {
    /// Lower case, without the brackets of an IPv6 address.
    public let host: String
    /// The port of the address; 443 if it names none.
    public let port: Int
    /// Path and query as they go on the wire; at least a slash.
    public let target: String
    /// Plain HTTP: only for the instance metadata service, which speaks nothing else and is reached without leaving the
    /// host.
    public let isPlain: Bool

    /// A URL of the cloud's instance metadata service, which uses plain HTTP on a link-local address.
    ///
    /// - Parameter base: `http://` and a loopback or link-local address, instead of the cloud's address. Any other
    ///   address gives nil: the answers are secret, and others could read them on the way.
    public static func instanceMetadata(base: String? = nil, target: String) -> HTTPSURL? {
        let base = base ?? "http://169.254.169.254"
        guard base.utf8.starts(with: "http://".utf8) else { return nil }
        var rest = base.dropFirst("http://".count)
        if rest.last == "/" { rest = rest.dropLast() }
        guard let authority = HostAndPort(rest, defaultPort: 80) else { return nil }
        let address = IPAddress(authority.host)
        let isNear =
            authority.host == "localhost" || address?.isLoopback == true
            || address.map { $0.isIPv4 && $0.isLinkLocal } == true
        guard isNear else { return nil }
        return HTTPSURL(host: authority.host, port: authority.port, target: target, isPlain: true)
    }

    private init(host: String, port: Int, target: String, isPlain: Bool) {
        self.host = host
        self.port = port
        self.target = target
        self.isPlain = isPlain
    }

    /// Nil for other schemes, user information, characters that are not printable ASCII, or a missing host. A fragment
    /// is dropped.
    public init?(_ text: String) {
        guard text.utf8.starts(with: "https://".utf8), text.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else { return nil }
        let rest = text.dropFirst("https://".count)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        guard let authority = HostAndPort(rest[..<end], defaultPort: 443) else { return nil }
        host = authority.host
        port = authority.port
        let tail = rest[end...].prefix { $0 != "#" }
        target = tail.first == "/" ? String(tail) : "/" + tail
        isPlain = false
    }

    /// The value of the `Host` header.
    public var authority: String {
        let name = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        return port == (isPlain ? 80 : 443) ? name : "\(name):\(port)"
    }

    public var description: String { (isPlain ? "http://" : "https://") + authority + target }

    /// Whether host and port are the same.
    public func isSameServer(as other: HTTPSURL) -> Bool {
        ExactText(host) == ExactText(other.host) && port == other.port
    }
}
