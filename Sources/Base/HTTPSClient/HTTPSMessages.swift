public import Addresses
public import OpenSSL

/// One request; each has its own connection.
public struct HTTPSRequest: Sendable {
    public enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    public var method: Method
    public var url: HTTPSURL
    /// Whom the server's certificate must be for; nil: the address's host.
    public var serverName: String?
    /// Besides `Host`, `Connection`, `User-Agent` and `Content-Length`, which are set here.
    public var headers: [(name: String, value: String)]
    /// May hold a secret.
    public var body: SecureBytes

    public init(
        _ method: Method = .get,
        _ url: HTTPSURL,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.init(method, url, headers: headers, body: body.withUnsafeBytes { SecureBytes(copying: $0) })
    }

    public init(
        _ method: Method,
        _ url: HTTPSURL,
        headers: [(name: String, value: String)],
        body: SecureBytes
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
    }
}

/// A complete answer, of any status but a redirection.
public struct HTTPSResponse: Sendable {
    public var status: Int
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    public var connection = HTTPSConnectionDetails()

    /// The first header of that name, in any case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body of a success; any other status is an error.
    public func successBody() throws(HTTPSError) -> [UInt8] {
        guard (200...299).contains(status) else { throw .status(status) }
        return body
    }
}

/// What bounds one exchange.
public struct HTTPSLimits: Hashable, Sendable {
    public var connectTimeout: Duration
    /// For everything, from the name lookup to the last byte.
    public var deadline: Duration
    public var maximumBytes: Int
    /// Fewer bytes than this in three seconds, once the answer has begun, end the exchange.
    public var minimumBytesPerWindow: Int

    public init(
        connectTimeout: Duration = .seconds(5),
        deadline: Duration = .seconds(10),
        maximumBytes: Int = 1 << 20,
        minimumBytesPerWindow: Int = 256
    ) {
        self.connectTimeout = connectTimeout
        self.deadline = deadline
        self.maximumBytes = maximumBytes
        self.minimumBytesPerWindow = minimumBytesPerWindow
    }
}
