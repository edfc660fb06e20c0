/// The base of URLs: scheme, host, port and path, without query or fragment.
public struct BaseURL: Hashable, Sendable {
    /// The scheme: `https` or `http`.
    public let scheme: String
    /// Whether a user name, and perhaps a password, stands before the host.
    public let hasUserInfo: Bool
    /// Empty, or starts with a slash.
    public let path: String
    /// The whole URL without trailing slashes.
    public let withoutTrailingSlash: String

    /// Nil for other schemes, a query, a fragment, a missing host or an invalid port.
    public init?(_ text: String) {
        guard let mark = text.range(of: "://") else { return nil }
        scheme = String(text[..<mark.lowerBound])
        guard scheme == "https" || scheme == "http" else { return nil }
        guard text.utf8.allSatisfy({ $0 > 32 && $0 < 127 && !"?#\\\"<>^`{|}".utf8.contains($0) }) else { return nil }
        let rest = text[mark.upperBound...]
        let authorityEnd = rest.firstIndex(of: "/") ?? rest.endIndex
        var authority = rest[..<authorityEnd]
        path = String(rest[authorityEnd...])
        if let at = authority.lastIndex(of: "@") {
            hasUserInfo = true
            authority = authority[authority.index(after: at)...]
        } else {
            hasUserInfo = false
        }
        guard HostAndPort(authority, defaultPort: 443) != nil else { return nil }
        var trimmed = Substring(text)
        while trimmed.utf8.last == UInt8(ascii: "/") { trimmed = trimmed.dropLast() }
        withoutTrailingSlash = String(trimmed)
    }
}

extension String {
    /// The first occurrence of a short string.
    fileprivate func range(of needle: String) -> Range<String.Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].utf8.starts(with: needle.utf8) {
                return start..<utf8.index(start, offsetBy: needle.utf8.count)
            }
            start = index(after: start)
        }
        return nil
    }
}
