public import OpenSSL

/// Why a request has no usable answer. Contains nothing that the server sent.
public enum HTTPSError: Error, Hashable, Sendable {
    case nameNotFound
    /// No name server answered, or its answer was an error.
    case nameServerFailed
    /// The name lookup used up the time of the whole exchange.
    case nameLookupTimeout
    case connectionRefused
    case connectTimeout
    case unreachable
    case tls(TLSFailureCause)
    case tlsTimeout
    /// The exchange took too long.
    case deadline
    /// The answer was slower than the minimum rate.
    case tooSlow
    case tooLarge
    case redirected
    case status(Int)
    /// The connection ended before the answer was complete.
    case truncated
    /// The answer is not valid HTTP.
    case malformed
    case proxyRefused(Int)
    case proxyUnreachable
    case proxyTimeout
    /// TLS with the proxy itself failed.
    case proxyTLS(TLSFailureCause)
    /// The proxy closed the connection, or its answer to CONNECT is invalid.
    case proxyMalformed
    /// No client can be made with these settings, for example because the CA file is unreadable.
    case configuration(String)

    /// Whether the server, or the proxy before it, was not reached or not in time: another way out may help.
    public var isOfTheWay: Bool {
        switch self {
        case .nameNotFound, .nameServerFailed, .nameLookupTimeout, .connectionRefused, .unreachable, .connectTimeout,
            .tlsTimeout, .deadline, .tooSlow, .proxyRefused, .proxyUnreachable, .proxyTimeout, .proxyTLS,
            .proxyMalformed:
            true
        case .tls, .tooLarge, .redirected, .status, .truncated, .malformed, .configuration: false
        }
    }

    /// A short stable word for metrics.
    public var label: String {
        switch self {
        case .nameNotFound, .nameServerFailed, .nameLookupTimeout: "dns"
        case .connectionRefused, .unreachable: "connect"
        case .connectTimeout, .tlsTimeout, .deadline, .tooSlow: "timeout"
        case .tls: "tls"
        case .tooLarge: "too_large"
        case .redirected: "redirect"
        case .status: "http_status"
        case .truncated: "truncated"
        case .malformed: "invalid"
        case .proxyRefused, .proxyUnreachable, .proxyTimeout, .proxyTLS, .proxyMalformed: "proxy"
        case .configuration: "configuration"
        }
    }

    /// What went wrong, for people.
    public var sentence: String {
        switch self {
        case .nameNotFound: "the host name was not found"
        case .nameServerFailed: "the host name could not be looked up: no name server answered"
        case .nameLookupTimeout: "the host name could not be looked up within the time allowed"
        case .connectionRefused: "the connection was refused"
        case .connectTimeout: "no connection within the time allowed"
        case .unreachable: "the host cannot be reached"
        case .tls(let cause): "TLS failed: \(cause)"
        case .tlsTimeout: "the TLS handshake took too long"
        case .deadline: "the answer was not complete within the time allowed"
        case .tooSlow: "the answer came too slowly"
        case .tooLarge: "the answer is too large"
        case .redirected: "the server redirects elsewhere, which is not followed"
        case .status(let code): "the server answered with status \(code)"
        case .truncated: "the connection ended before the answer was complete"
        case .malformed: "the server did not answer in HTTP"
        case .proxyRefused(407): "the proxy refused with status 407: it wants a user name and password that it knows"
        case .proxyRefused(let code): "the proxy refused with status \(code)"
        case .proxyUnreachable: "the proxy cannot be reached"
        case .proxyTimeout: "the proxy did not open a tunnel within the time allowed"
        case .proxyTLS(let cause): "TLS with the proxy failed: \(cause)"
        case .proxyMalformed: "the proxy did not answer in HTTP"
        case .configuration(let problem): problem
        }
    }

    var isOfNameLookup: Bool {
        switch self {
        case .nameNotFound, .nameServerFailed, .nameLookupTimeout: true
        default: false
        }
    }
}
