public import Addresses
public import OpenSSL

/// A request to an `https://` address.
public struct HTTPSRequest: Sendable {
    /// The request methods that this client sends.
    public enum Method: String, Sendable {
        case get = "GET"
        case post = "POST"
        case patch = "PATCH"
        case delete = "DELETE"
    }

    /// The request method.
    public var method: Method
    /// Where to send the request.
    public var url: HTTPSURL
    /// The name that the server's certificate must have; nil for the URL's host.
    public var serverName: String?
    /// Headers besides `Host`, `Connection`, `User-Agent` and `Content-Length`, which the client sets.
    public var headers: [(name: String, value: String)]
    /// The content; it may be a secret.
    public var body: SecureBytes

    /// A request whose body is not secret.
    public init(
        _ method: Method = .get,
        _ url: HTTPSURL,
        headers: [(name: String, value: String)] = [],
        body: [UInt8] = []
    ) {
        self.init(method, url, headers: headers, body: body.withUnsafeBytes { SecureBytes(copying: $0) })
    }

    /// A request whose body may be secret.
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

/// A complete answer with any status except a redirection.
public struct HTTPSResponse: Sendable {
    /// The status code, 200 or above.
    public var status: Int
    /// The header fields in the order of arrival; names are as the server wrote them.
    public var headers: [(name: String, value: String)]
    /// The content, at most ``HTTPSLimits/maximumBytes``.
    public var body: [UInt8]
    /// Facts about the connection, for diagnosis.
    public var connection = HTTPSConnectionDetails()

    /// The value of the first header with that name, ignoring case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }

    /// The body of an answer with a 2xx status.
    ///
    /// - Throws: ``HTTPSError`` for any other status.
    public func successBody() throws(HTTPSError) -> [UInt8] {
        guard (200...299).contains(status) else { throw .status(status) }
        return body
    }
}

/// The limits of one exchange.
public struct HTTPSLimits: Hashable, Sendable {
    /// Time for the TCP connection.
    public var connectTimeout: Duration
    /// Time for everything, from the name lookup to the last byte.
    public var deadline: Duration
    /// The largest accepted body, in bytes.
    public var maximumBytes: Int
    /// The smallest number of bytes in three seconds, once the answer has begun. Slower exchanges fail.
    public var minimumBytesPerWindow: Int

    /// Limits with usual values.
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
