import Addresses
import Files
public import HTTPSClient
import Jansson
public import Kubeconfigs
import OpenSSL
import Timestamps

/// The API server of a kubeconfig context, called as kubectl does.
public struct APIServer {
    /// Why a context's server cannot be called.
    public struct Problem: Error {
        /// What is wrong, for people.
        public var sentence: String
        /// What to do about it.
        public var hint: String
    }

    /// The address without a trailing slash.
    public let base: String
    private let url: HTTPSURL
    private let connection: BlockingHTTPSClient
    private let serverName: String
    private let authority: String

    /// - Parameters:
    ///   - timeout: for each request.
    ///   - isOwnHost: whether the address belongs to this host, so that no proxy is used.
    /// - Throws: ``Problem`` if the address or the certificates of the kubeconfig cannot be used.
    public init(_ access: KubeconfigAccess, timeout: Duration, isOwnHost: Bool = false) throws(Problem) {
        var server = Substring(access.cluster.server ?? "")
        while server.last == "/" { server = server.dropLast() }
        if server.hasPrefix("http://") {
            throw Problem(
                sentence: "the server is http://, so that everybody on the way could steal the token",
                hint: "give the cluster's https:// address")
        }
        guard let url = HTTPSURL(String(server)) else {
            throw Problem(sentence: "the server is not an https:// address", hint: "correct `server` in the kubeconfig")
        }
        guard !access.cluster.skipsVerification else {
            throw Problem(
                sentence: "insecure-skip-tls-verify is set: anybody could pretend to be the API server and get the"
                    + " token, so it is not sent",
                hint: "remove the field and name the cluster's CA in certificate-authority-data")
        }
        var tls = TLSClientConfiguration(applicationProtocols: ["http/1.1"])
        if let authority = access.cluster.authority {
            tls.trust = .pem(try APIServer.read(authority, "certificate-authority"))
        }
        // kubectl presents the certificate too, and the API server then ignores everything else.
        if let certificate = access.user.clientCertificate, let key = access.user.clientKey {
            tls.certificateChain = try APIServer.read(certificate, "client-certificate")
            tls.privateKey = try APIServer.read(key, "client-key")
        }
        base = String(server)
        self.url = url
        serverName = access.cluster.tlsServerName ?? url.host
        authority =
            switch access.cluster.authority {
            case .file(let path): "the CA in \(path)"
            case .data, .damaged: "the CA in certificate-authority-data"
            case nil: "one of this system's CAs (the kubeconfig names none)"
            }
        connection = BlockingHTTPSClient(
            tls: tls, serverName: access.cluster.tlsServerName,
            proxies: isOwnHost ? ProxySettings(proxy: nil) : .forKubernetes(url, proxyURL: access.cluster.proxyURL),
            timeout: timeout)
    }

    private static func read(_ source: KubeconfigSource, _ field: String) throws(Problem) -> [UInt8] {
        switch source {
        case .data(let bytes): return bytes
        case .damaged:
            throw Problem(sentence: "\(field)-data is no base64", hint: "get the kubeconfig again")
        case .file(let path):
            do throws(FileError) {
                return try FileIO.read(path)
            } catch {
                throw Problem(
                    sentence: "\(field) \(path): \(error.sentence)", hint: "correct \(field) in the kubeconfig")
            }
        }
    }

    /// Sends one request and waits for the answer.
    ///
    /// - Throws: `HTTPSError` if there is no complete answer.
    public func send(
        _ method: HTTPSRequest.Method, _ path: String, token: String? = nil, body: [UInt8] = []
    ) throws(HTTPSError) -> HTTPSResponse {
        guard let url = HTTPSURL(base + path) else { throw .configuration("the server is not an https:// address") }
        var headers = [(name: "Accept", value: "application/json")]
        switch method {
        case .post: headers.append((name: "Content-Type", value: "application/json"))
        case .patch: headers.append((name: "Content-Type", value: "application/merge-patch+json"))
        default: break
        }
        if let token { headers.append((name: "Authorization", value: "Bearer " + token)) }
        return try connection.send(method, url, headers: headers, body: body)
    }

    /// What to do if there is no answer.
    public func hint(for error: HTTPSError) -> String? {
        switch error {
        case .nameNotFound: "check `server` in the kubeconfig, and whether a VPN is needed"
        case .connectionRefused: "is the control plane up, and is the port right?"
        case .connectTimeout, .unreachable, .deadline:
            "is a VPN or a proxy needed, or does a firewall or an authorized IP range keep this host out?"
        case .tls(.untrustedCertificate):
            "the server's certificate is not from \(authority): get the cluster's kubeconfig again; a proxy that opens"
                + " TLS looks the same"
        case .tls(.hostNameMismatch):
            "the server's certificate is not for \(serverName): correct `server`, or set tls-server-name"
        case .tls(.certificateExpired), .tls(.certificateNotYetValid):
            "check this host's clock first, then tell the cluster's operator"
        case .tls(.notTLS): "what listens there is no API server: check the port"
        case .proxyRefused, .proxyUnreachable: "check HTTPS_PROXY, NO_PROXY and proxy-url"
        case .configuration: "get the kubeconfig again: its certificates cannot be used"
        default: nil
        }
    }

    /// `v1.34.1`, if the server reports it.
    static func version(_ response: HTTPSResponse) -> String? {
        (try? JSONDocument(parsing: response.body))?.root["gitVersion"]?.string
    }
}
