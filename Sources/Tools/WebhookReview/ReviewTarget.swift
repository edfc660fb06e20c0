public import Addresses
import Certificates
import Configuration
import Files
public import HTTPSClient
import Kubeconfigs
public import OpenSSL
import SafeText
import Terminal
public import TokenReviewAPI

/// A webhook to send token reviews to, as kube-apiserver does.
public struct ReviewTarget {
    /// The address, with its path.
    public var url: HTTPSURL
    /// The name that the certificate must have; nil for the URL's host.
    public var serverName: String?
    /// The CAs that may have signed the webhook's certificate.
    public var trust: TLSClientConfiguration.Trust
    /// The client certificate in PEM.
    public var certificate: [UInt8]?
    /// The client certificate's key in PEM.
    public var key: [UInt8]?
    /// The way to the webhook.
    public var proxies: ProxySettings
    /// Remarks about the files, for people.
    public var notes: [String] = []

    /// The webhook of kube-apiserver's kubeconfig.
    ///
    /// - Throws: `CommandFailure` if a file cannot be used, or kube-apiserver would not start with it.
    public init(kubeconfig path: String) throws {
        let bytes = try PEMFile.read(path)
        let access: KubeconfigAccess
        do throws(KubeconfigError) {
            access = try Kubeconfig.parse(bytes, path: path).access()
        } catch {
            throw CommandFailure("\(path): \(error.sentence)")
        }
        guard let url = HTTPSURL(ReviewTarget.withoutQuery(access.cluster.server ?? "")) else {
            throw CommandFailure(
                "\(path): the server is not an https:// address, so kube-apiserver does not start with it")
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

    /// The webhook of a configuration, on this host.
    ///
    /// - Throws: `CommandFailure` or `ConfigurationError` if a file cannot be used.
    public init(configuration path: String) throws {
        let server = try ConfigurationLoader.load(path: path).configuration.server
        var host = server.listen.host
        if host == "0.0.0.0" { host = "127.0.0.1" }
        if host == "::" { host = "::1" }
        let address = ListenAddress(host: host, port: server.listen.port == 0 ? 8443 : server.listen.port)
        if server.listen.port == 0 { notes.append("the configuration takes any free port: say which with --server") }
        guard let url = HTTPSURL("https://\(address)/authenticate") else {
            throw CommandFailure("\(path): server.listen is not an address that can be called; give one with --server")
        }
        self.url = url
        proxies = ProxySettings(proxy: nil)
        // The configuration names no CA for the server's certificate, but that certificate itself is known.
        let chain = try PEMFile.certificates(server.certificate)
        trust = .pem(chain.flatMap(\.pem))
        let names = chain[0].dnsNames.map { $0.lowercased() } + chain[0].ipAddresses
        if !names.contains(where: { ExactText($0) == ExactText(url.host) }),
            let name = names.first(where: { !$0.hasPrefix("*") })
        {
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

    /// Calls another address with the same certificates.
    ///
    /// - Throws: `CommandFailure` if the text is not an `https://` address.
    public mutating func move(to text: String) throws {
        guard let url = HTTPSURL(text) else { throw CommandFailure("--server is not an https:// address") }
        self.url = url
        notes.removeAll()
    }

    /// Sends one request body and waits for the answer.
    ///
    /// - Throws: `HTTPSError` if there is no complete answer.
    public func post(_ body: [UInt8], timeout: Duration) throws(HTTPSError) -> HTTPSResponse {
        try connection(timeout: timeout).send(
            .post, url,
            headers: [
                (name: "Content-Type", value: "application/json"),
                (name: "Accept", value: "application/json, */*"),
            ],
            body: body)
    }

    /// Asks the webhook about a token.
    ///
    /// - Throws: `CommandFailure` if there is no answer.
    public func review(
        token: String, audiences: [String], version: TokenReviewVersion, timeout: Duration
    ) throws -> ReviewResult {
        let response: HTTPSResponse
        do throws(HTTPSError) {
            response = try post(
                TokenReviewRequest.encode(token: token, audiences: audiences, version: version), timeout: timeout)
        } catch {
            throw CommandFailure("\(url): \(error.sentence)", hint: hint(for: error))
        }
        return ReviewResult(
            response, server: url, asked: version, audiences: audiences, hiding: SecretFilter(token))
    }

    private func connection(timeout: Duration) -> BlockingHTTPSClient {
        BlockingHTTPSClient(
            tls: TLSClientConfiguration(
                trust: trust, certificateChain: certificate, privateKey: key, applicationProtocols: ["http/1.1"]),
            serverName: serverName, proxies: proxies, timeout: timeout)
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
