/// The entries of `NO_PROXY`: names with all their subdomains, addresses, networks such as `10.0.0.0/8`, each with an
/// optional port, and `*`.
public struct ProxyExceptions: Hashable, Sendable {
    private enum Entry: Hashable {
        case everything
        case domain(String, port: Int?)
        case network(IPAddress, prefix: Int, port: Int?)
    }

    private var entries: [Entry]

    /// Reads a list separated by commas or white space. Invalid entries are ignored.
    public init(_ list: String) {
        entries = list.split { $0 == "," || $0.isWhitespace }.compactMap { ProxyExceptions.entry($0.lowercased()) }
    }

    private static func entry(_ text: String) -> Entry? {
        if text == "*" { return .everything }
        if let address = IPAddress(bracketed: text) { return .network(address, prefix: address.bits, port: nil) }
        if let slash = text.firstIndex(of: "/") {
            guard let address = IPAddress(bracketed: String(text[..<slash])),
                let prefix = Int(text[text.index(after: slash)...]),
                (0...address.bits).contains(prefix)
            else { return nil }
            return .network(address, prefix: prefix, port: nil)
        }
        // 0 stands for "no port": no address can have it.
        guard let parts = HostAndPort(Substring(text), defaultPort: 0) else { return nil }
        let port = parts.port == 0 ? nil : parts.port
        if let address = IPAddress(parts.host) { return .network(address, prefix: address.bits, port: port) }
        var name = Substring(parts.host)
        if name.utf8.starts(with: "*.".utf8) { name = name.dropFirst() }
        if name.first == "." { name = name.dropFirst() }
        let domain = withoutDot(name)
        return domain.isEmpty ? nil : .domain(domain, port: port)
    }

    /// Whether a host is reached directly at this port.
    public func contains(host: String, port: Int) -> Bool {
        let address = IPAddress(host)
        let host = ProxyExceptions.withoutDot(host[...])
        return entries.contains { entry in
            switch entry {
            case .everything: true
            case .domain(let domain, let only):
                (only == nil || only == port) && (host == domain || host.hasSuffix("." + domain))
            case .network(let network, let prefix, let only):
                (only == nil || only == port) && address?.isIn(network, prefix: prefix) == true
            }
        }
    }

    private static func withoutDot(_ name: Substring) -> String {
        String(name.last == "." ? name.dropLast() : name)
    }
}
