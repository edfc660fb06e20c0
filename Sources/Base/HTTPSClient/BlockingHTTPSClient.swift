public import Addresses
internal import NIOCore
internal import NIOPosix
public import OpenSSL

/// Single requests of a command that waits for their answers.
public struct BlockingHTTPSClient {
    /// What is trusted and presented.
    public var tls: TLSClientConfiguration
    /// Whom the certificate must be for; nil: the address's host.
    public var serverName: String?
    /// Which requests go through a proxy.
    public var proxies = ProxySettings(proxy: nil)
    /// For the whole exchange.
    public var timeout = Duration.seconds(30)

    /// - Parameter serverName: whom the certificate must be for; nil: the address's host.
    public init(
        tls: TLSClientConfiguration, serverName: String? = nil, proxies: ProxySettings = ProxySettings(proxy: nil),
        timeout: Duration = .seconds(30)
    ) {
        self.tls = tls
        self.serverName = serverName
        self.proxies = proxies
        self.timeout = timeout
    }

    /// Sends one request and waits for its answer; must not be called on an event loop.
    public func send(
        _ method: HTTPSRequest.Method,
        _ url: HTTPSURL,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) throws(HTTPSError) -> HTTPSResponse {
        let context: TLSContext
        do throws(TLSConfigurationError) {
            context = try TLSContext(client: tls)
        } catch {
            throw .configuration(error.description)
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        var request = HTTPSRequest(method, url, headers: headers, body: body)
        request.serverName = serverName
        let limits = HTTPSLimits(
            connectTimeout: min(timeout, .seconds(10)), deadline: timeout, maximumBytes: 4 << 20,
            minimumBytesPerWindow: 0)
        let client = HTTPSClient(context: context, proxies: proxies, limits: limits)
        do {
            return try client.send(request, on: group.next()).wait()
        } catch {
            throw error as? HTTPSError ?? .unreachable
        }
    }
}

extension ProxySettings {
    /// As Go's clients have it: the environment's, but never for this host itself.
    public static func forKubernetes(_ url: HTTPSURL, proxyURL: String? = nil) -> ProxySettings {
        if let proxyURL { return ProxySettings(address: proxyURL, from: "proxy-url") }
        let isLocal = url.host == "localhost" || url.host.hasPrefix("127.") || url.host == "::1"
        return isLocal ? ProxySettings(proxy: nil) : .environment()
    }
}
