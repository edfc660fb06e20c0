public import Addresses
import Glibc

/// Which requests go through which proxy.
public struct ProxySettings: Hashable, Sendable {
    /// The proxy; nil if requests go directly to their servers.
    public var proxy: HTTPProxy?
    /// Hosts that are reached directly.
    var exceptions: ProxyExceptions
    /// Where the proxy's address is configured, for people.
    private var source = ""
    /// Set if the proxy's address is invalid. Requests that need the proxy then fail: to connect directly instead would
    /// be a surprise.
    private var problem: String?

    /// Settings with a known proxy.
    ///
    /// - Parameter exceptions: hosts to reach directly, in the form of `NO_PROXY`.
    public init(proxy: HTTPProxy?, exceptions: String = "") {
        self.proxy = proxy
        self.exceptions = ProxyExceptions(exceptions)
    }

    /// - Parameters:
    ///   - address: `http://` or `https://`, `[user:password@]host[:port]`.
    ///   - source: where the address is configured, for people.
    public init(address: String, from source: String, exceptions: String = "") {
        self.init(proxy: HTTPProxy(address), exceptions: exceptions)
        self.source = source
        // The address may contain a password, so it is not shown.
        if proxy == nil { problem = "\(source) is not the address of an HTTP proxy" }
    }

    /// `HTTPS_PROXY` and `NO_PROXY` in upper or lower case; upper case wins, as in Go's clients.
    public static func environment() -> ProxySettings {
        environment { name in getenv(name).map { String(cString: $0) } }
    }

    static func environment(_ variable: (String) -> String?) -> ProxySettings {
        func first(_ name: String) -> (name: String, value: String)? {
            for spelling in [name, name.lowercased()] {
                if let value = variable(spelling), !value.isEmpty { return (spelling, value) }
            }
            return nil
        }
        let exceptions = first("NO_PROXY")?.value ?? ""
        guard let address = first("HTTPS_PROXY") else { return ProxySettings(proxy: nil) }
        return ProxySettings(address: address.value, from: address.name, exceptions: exceptions)
    }

    /// The proxy for a host and where it is configured, without its password; nil to connect directly.
    public func proxyName(for url: HTTPSURL) -> String? {
        guard let proxy = try? proxy(for: url) else { return nil }
        let host = proxy.host.utf8.contains(UInt8(ascii: ":")) ? "[\(proxy.host)]" : proxy.host
        return "\(host):\(proxy.port)" + (source.isEmpty ? "" : " (from \(source))")
    }

    /// The proxy for a host; nil to connect directly.
    ///
    /// - Throws: ``HTTPSError`` if the proxy's address is invalid.
    public func proxy(for url: HTTPSURL) throws(HTTPSError) -> HTTPProxy? {
        if proxy == nil && problem == nil || exceptions.contains(host: url.host, port: url.port) { return nil }
        if let problem { throw .configuration(problem) }
        return proxy
    }
}
