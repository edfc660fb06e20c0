import Addresses
import Certificates
import Glibc
import SafeText

/// Values that go into kubeconfigs.
public enum KubeconfigText {
    /// Whether a value contains only visible characters.
    public static func isPrintable(_ text: String) -> Bool {
        PrintableText.isVisible(text)
    }

    /// `https://host[:port][/path]`, without user, query or fragment: kube-apiserver drops those.
    public static func isHTTPS(_ text: String) -> Bool {
        guard let url = HTTPSURL(text), !text.utf8.contains(where: { "?#".utf8.contains($0) }) else { return false }
        guard text.dropFirst("https://".count).first == "[" else { return CertificateHost(url.host) != nil }
        return IPAddress(url.host).map { !$0.isIPv4 } ?? false
    }

    /// Whether the address is one of this machine's own, as far as can be told without a name server.
    public static func isOwn(_ server: String) -> Bool {
        let host = host(of: server)
        return ["localhost", "::1"].contains(host) || host.hasPrefix("127.") || HostAddresses.contains(host)
    }

    /// Whether the address is a Service's name in the cluster's DNS, which kube-apiserver does not ask.
    public static func isService(_ server: String) -> Bool {
        let host = host(of: server)
        return host.hasSuffix(".svc") || host.firstRange(of: ".svc.") != nil || host.hasSuffix(".cluster.local")
    }

    /// The URL's host in lower case, without brackets; empty if this is not an `https://` URL.
    public static func host(of address: String) -> String { HTTPSURL(address)?.host ?? "" }

    /// The path from the root, without a leading `./`.
    public static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let folder = getcwd(nil, 0) else { return path }
        defer { free(folder) }
        let relative = path.hasPrefix("./") ? path.dropFirst(2) : Substring(path)
        let base = String(cString: folder)
        return base.hasSuffix("/") ? base + relative : base + "/" + relative
    }
}
