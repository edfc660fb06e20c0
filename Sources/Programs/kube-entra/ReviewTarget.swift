internal import Addresses
internal import ArgumentParser
internal import Certificates
internal import Configuration
internal import Files
internal import HTTPSClient
internal import Kubeconfigs
internal import OpenSSL
internal import Terminal
internal import Timestamps

/// The webhook that `review` calls.
struct ReviewTarget {
    var url: HTTPSURL
    var serverName: String?
    var trust: TLSClientConfiguration.Trust
    var certificate: [UInt8]?
    var key: [UInt8]?
    var proxies: ProxySettings
    var notes: [String] = []

    /// As kube-apiserver finds it.
    init(kubeconfig path: String) throws {
        let bytes = try PEMFile.read(path)
        let access: KubeconfigAccess
        do throws(KubeconfigError) {
            access = try Kubeconfig.parse(bytes, path: path).access()
        } catch {
            throw CommandFailure("\(path): \(error.sentence)")
        }
        guard let url = HTTPSURL(ReviewTarget.withoutQuery(access.cluster.server ?? "")) else {
            throw CommandFailure("\(path): the server is no https:// address, so kube-apiserver does not start with it")
        }
        guard !access.cluster.skipsVerification else {
            throw CommandFailure(
                "\(path): insecure-skip-tls-verify is set, so every token can be stolen on its way; name the CA of the"
                    + " webhook's certificate in certificate-authority instead")
        }
        self.url = url
        serverName = access.cluster.tlsServerName
        trust = try access.cluster.authority.map { .pem(try $0.bytes("certificate-authority", of: path)) } ?? .system
        certificate = try access.user.clientCertificate?.bytes("client-certificate", of: path)
        key = try access.user.clientKey?.bytes("client-key", of: path)
        proxies = .forKubernetes(url, proxyURL: access.cluster.proxyURL)
        if certificate == nil { notes.append("\(path) has no client certificate") }
    }

    /// As its own configuration describes it, on this host.
    init(configuration path: String) throws {
        let server = try ConfigurationLoader.load(path: path).configuration.server
        var host = server.listen.host
        if host == "0.0.0.0" { host = "127.0.0.1" }
        if host == "::" { host = "::1" }
        let address = ListenAddress(host: host, port: server.listen.port == 0 ? 8443 : server.listen.port)
        if server.listen.port == 0 { notes.append("the configuration takes any free port: say which with --server") }
        guard let url = HTTPSURL("https://\(address)/authenticate") else {
            throw CommandFailure("\(path): server.listen is no address that can be called; give one with --server")
        }
        self.url = url
        proxies = ProxySettings(proxy: nil)
        // The configuration names no CA for the server's certificate, but that certificate itself is known.
        let chain = try PEMFile.certificates(server.certificate)
        trust = .pem(chain.flatMap(\.pem))
        let names = chain[0].dnsNames.map { $0.lowercased() } + chain[0].ipAddresses
        if !names.contains(url.host), let name = names.first(where: { !$0.hasPrefix("*") }) {
            serverName = name
            notes.append(
                "the webhook's certificate is not for \(url.host) but for \(name): kube-apiserver must call it so")
        }
        let folder = CertificateFolder(path: ReviewTarget.folder(of: server.clientCA ?? server.certificate))
        let found = folder.path(of: CertificateFolder.FileName.client)
        let foundKey = folder.path(of: CertificateFolder.FileName.clientKey)
        if server.clientCA != nil, FileVersion(path: found) != nil, FileVersion(path: foundKey) != nil {
            certificate = try PEMFile.read(found)
            key = try PEMFile.read(foundKey)
        }
    }

    mutating func move(to text: String) throws {
        guard let url = HTTPSURL(text) else { throw CommandFailure("--server is no https:// address") }
        self.url = url
        notes.removeAll()
    }

    func connection(timeout: Duration) -> BlockingHTTPSClient {
        BlockingHTTPSClient(
            tls: TLSClientConfiguration(
                trust: trust, certificateChain: certificate, privateKey: key, applicationProtocols: ["http/1.1"]),
            serverName: serverName, proxies: proxies, timeout: timeout)
    }

    /// What to do if there is no connection.
    func hint(for error: HTTPSError) -> String? {
        switch error {
        case .connectionRefused: "is `kube-entra serve` running, and does server.listen say this address?"
        case .connectTimeout, .unreachable: "is there a firewall between this host and the webhook?"
        case .nameNotFound: "kube-apiserver does not ask cluster DNS: use an IP address or a name that this host knows"
        case .tls(.untrustedCertificate): "pass the CA that signed the webhook's certificate with --ca"
        case .tls(.hostNameMismatch):
            "make the certificate for this name: `kube-entra certs create --renew --host \(url.host)`"
        case .tls(.certificateExpired): "make a new one: `kube-entra certs create --renew`"
        case .tls(.alertReceived(.noApplicationProtocol)):
            "this command speaks HTTP/1.1, as kube-apiserver can: add http/1.1 to the webhook's server.protocols"
        case .tls(.alertReceived(let alert)): refusedHint(alert)
        case .tls(.noClientCertificate), .truncated: refusedHint(nil)
        case .tls(.notTLS): "what listens there does not speak TLS: is it the operations port?"
        default: nil
        }
    }

    /// The meaning of a webhook's alert in the handshake (RFC 8446 section 6.2, as OpenSSL sends it).
    private func refusedHint(_ alert: TLSAlert?) -> String {
        guard let certificate else {
            return "the webhook wants a client certificate: pass one with --certificate and --key"
        }
        let refused = "the webhook does not take this client certificate: "
        let now = Timestamp.now()
        let own = try? Certificate(pem: certificate)
        switch alert {
        case .certificateExpired?:
            return own.map { $0.notAfter < now } ?? false
                ? "the client certificate has expired: make a new one with `kube-entra certs create --renew`"
                : "the client certificate, the CA that signed it, or one between them has expired by the webhook's"
                    + " clock: `kube-entra certs create --renew` makes new ones"
        case .badCertificate? where own.map { now < $0.notBefore } ?? false:
            return refused + "it is not valid yet: is a clock wrong, here or where it was made?"
        case .badCertificate?:
            return refused + "it is not valid yet by the webhook's clock, or its key is too weak."
                + " The webhook's log says which"
        case .unsupportedCertificate?:
            return refused + "it is not meant for clients (extended key usage clientAuth); is it the server's?"
        case .unknownAuthority?, .decryptError?:
            return refused + "it is not from a CA in the webhook's server.clientCA. The webhook's log has its name"
        case .certificateRequired?:
            return "the webhook got no client certificate, although one was given: its log says more"
        default:
            return refused + "is it from the CA in server.clientCA? The webhook's log says why"
        }
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// kube-apiserver ignores query and fragment.
    private static func withoutQuery(_ address: String) -> String {
        String(address.prefix { $0 != "?" && $0 != "#" })
    }
}
