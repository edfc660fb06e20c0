internal import Addresses
internal import Certificates
internal import Glibc
internal import SafeText

/// Values that go into kubeconfigs.
public enum KubeconfigText {
    /// Whether a value contains only visible characters.
    public static func isPrintable(_ text: String) -> Bool {
        PrintableText.isVisible(text)
    }

    /// `https://host[:port][/path]`, without user, query or fragment: kube-apiserver drops those.
    public static func isHTTPS(_ text: String) -> Bool {
        guard text.hasPrefix("https://") else { return false }
        let rest = text.dropFirst(8)
        let authority = rest.prefix { $0 != "/" }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") && $0 != UInt8(ascii: "#") }),
            !authority.contains("@"), !authority.isEmpty
        else { return false }
        let host: Substring
        let port: Substring
        if authority.hasPrefix("[") {
            guard let end = authority.firstIndex(of: "]") else { return false }
            host = authority[authority.index(after: authority.startIndex)..<end]
            port = authority[authority.index(after: end)...]
            guard host.contains(":"), IPAddress(String(host)) != nil else { return false }
        } else {
            host = authority.prefix { $0 != ":" }
            port = authority.dropFirst(host.count)
            guard CertificateHost(String(host)) != nil else { return false }
        }
        guard !port.isEmpty else { return true }
        return port.first == ":" && UInt16(port.dropFirst()).map { $0 > 0 } ?? false
    }

    /// The address with the webhook's path; nil if it has a path.
    public static func withWebhookPath(_ server: String) -> String? {
        guard server.dropFirst(8).drop(while: { $0 != "/" }).drop(while: { $0 == "/" }).isEmpty else { return nil }
        var address = server
        while address.last == "/" { address.removeLast() }
        return address + "/authenticate"
    }

    /// The URL's host, without brackets.
    public static func host(of address: String) -> String {
        let authority = address.dropFirst(8).prefix { $0 != "/" }
        if authority.hasPrefix("[") { return String(authority.dropFirst().prefix { $0 != "]" }) }
        return String(authority.prefix { $0 != ":" })
    }

    /// An absolute path.
    public static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        let relative = path.hasPrefix("./") ? path.dropFirst(2) : Substring(path)
        let base = String(cString: folder)
        return base.hasSuffix("/") ? base + relative : base + "/" + relative
    }
}
