public import Addresses
import NIOCore
import NIOPosix
public import OpenSSL

/// Sends single requests for commands that wait for the answers.
public struct BlockingHTTPSClient {
    /// Which authorities to trust, and which client certificate to present.
    public var tls: TLSClientConfiguration
    /// The name that the server's certificate must have; nil for the URL's host.
    public var serverName: String?
    /// Which requests go through a proxy.
    public var proxies = ProxySettings(proxy: nil)
    /// Time for the whole exchange.
    public var timeout = Duration.seconds(30)

    /// - Parameter serverName: the name that the server's certificate must have; nil for the URL's host.
    public init(
        tls: TLSClientConfiguration, serverName: String? = nil, proxies: ProxySettings = ProxySettings(proxy: nil),
        timeout: Duration = .seconds(30)
    ) {
        self.tls = tls
        self.serverName = serverName
        self.proxies = proxies
        self.timeout = timeout
    }

    /// Sends one request and waits for the answer. Must not be called on an event loop.
    ///
    /// - Throws: ``HTTPSError`` if there is no complete answer, or the answer is a redirection.
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
    /// The proxy for a Kubernetes API server: `proxyURL` (`proxy-url` in a kubeconfig), else the environment's proxy,
    /// which is not used for this host itself, as in Go's clients.
    public static func forKubernetes(_ url: HTTPSURL, proxyURL: String? = nil) -> ProxySettings {
        if let proxyURL { return ProxySettings(address: proxyURL, from: "proxy-url") }
        let isLocal = url.host == "localhost" || url.host.hasPrefix("127.") || url.host == "::1"
        return isLocal ? ProxySettings(proxy: nil) : .environment()
    }
}
