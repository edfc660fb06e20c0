public import Certificates
import Files
public import OpenSSL
import SafeText
import Terminal
public import Timestamps

/// The certificates with which kube-apiserver calls the webhook, as a command line names them.
public struct WebhookCertificates {
    /// The folder of `certs create`.
    public var folder: CertificateFolder
    /// The CA of the webhook's certificate; nil for the folder's.
    public var authority: String?
    /// kube-apiserver's certificate; nil for the folder's.
    public var clientCertificate: String?
    /// kube-apiserver's key; nil for the folder's.
    public var clientKey: String?
    /// Whether their content goes into the file, in place of their paths.
    public var isEmbedded: Bool

    /// The parts of a kubeconfig, and what to tell people about them.
    public struct Sources {
        /// The CA of the webhook's certificate.
        public var authority: WebhookKubeconfig.Source
        /// kube-apiserver's certificate and key.
        public var client: (certificate: WebhookKubeconfig.Source, key: WebhookKubeconfig.Source)
        /// Remarks: files that were not checked, and certificates that the other side will refuse.
        public var notes: [String]
    }

    /// Certificates as the command line names them.
    public init(
        folder: String, authority: String? = nil, clientCertificate: String? = nil, clientKey: String? = nil,
        isEmbedded: Bool = false
    ) {
        self.folder = CertificateFolder(path: folder)
        self.authority = authority
        self.clientCertificate = clientCertificate
        self.clientKey = clientKey
        self.isEmbedded = isEmbedded
    }

    /// Reads and checks the certificates for a webhook at an address.
    ///
    /// A named file that does not exist on this machine is accepted, unless its content is wanted.
    ///
    /// - Throws: `CommandFailure` if a file cannot be used, or the key is not the certificate's.
    public func sources(for server: String, now: Timestamp) throws -> Sources {
        var notes: [String] = []
        let certificatePath = clientCertificate ?? folder.path(of: CertificateFolder.FileName.client)
        let authority = try source(authority, CertificateFolder.FileName.authority, &notes) {
            try PEMFile.certificates($0).flatMap(\.pem)
        }
        let certificate = try source(clientCertificate, CertificateFolder.FileName.client, &notes) {
            try PEMFile.certificates($0).flatMap(\.pem)
        }
        let key = try source(clientKey, CertificateFolder.FileName.clientKey, &notes) { path in
            let key = try PEMFile.privateKey(path)
            if FileVersion(path: certificatePath) != nil {
                guard try PEMFile.certificates(certificatePath)[0].matches(key) else {
                    throw CommandFailure("\(path) is not the key of \(certificatePath)")
                }
            }
            return try key.pem()
        }
        notes += pathWarnings([authority, certificate, key], server)
        if KubeconfigText.isService(server) {
            notes.append(WebhookCertificates.serviceWarning(server))
        } else {
            notes += try serverWarnings(server)
        }
        notes += try authorityWarnings()
        notes += try clientWarnings(certificatePath, now: now)
        return Sources(authority: authority, client: (certificate: certificate, key: key), notes: notes)
    }

    private func source(
        _ chosen: String?, _ name: String, _ notes: inout [String], load: (String) throws -> [UInt8]
    ) throws -> WebhookKubeconfig.Source {
        let path = chosen ?? folder.path(of: name)
        // Other contents of the file are left out.
        if isEmbedded { return .data(try load(path)) }
        if FileVersion(path: path) == nil {
            guard chosen != nil else {
                throw CommandFailure(
                    "\(path): there is no such file; `kube-entra certs create` makes it, and --ca, --client-certificate"
                        + " and --client-key name files that lie on the control-plane node only")
            }
            notes.append("note: \(path) is not on this machine, so it was not checked")
        } else {
            _ = try load(path)
        }
        return .file(KubeconfigText.absolute(path))
    }

    private static func serviceWarning(_ server: String) -> String {
        "warning: \(KubeconfigText.host(of: server)) is a Service's name, and kube-apiserver does not use the cluster's"
            + " DNS, so it will not reach the webhook; give the Service a fixed clusterIP, use it as the address, such as"
            + " https://10.96.0.20:8443, and make the certificate for it: `kube-entra certs create --host 10.96.0.20`"
    }

    /// Warns if the named CA is on this machine and is none.
    private func authorityWarnings() throws -> [String] {
        guard let authority, FileVersion(path: authority) != nil else { return [] }
        let certificates = try PEMFile.certificates(authority)
        return [WebhookCertificates.authorityWarning(authority, certificates, of: "kube-apiserver")].compactMap { $0 }
    }

    /// What is said of a file that should hold a server's CA and holds none; nil if it holds one.
    ///
    /// Go's TLS accepts a server whose own certificate is listed, and no other one that the same CA signed.
    public static func authorityWarning(_ path: String, _ certificates: [Certificate], of program: String) -> String? {
        guard !certificates.contains(where: \.isCA) else { return nil }
        return "warning: \(path) holds no CA certificate, so \(program) trusts only a server with this very"
            + " certificate, and no longer when that is renewed; name the CA that signed it"
    }

    /// Warns if files of this machine are named for a kube-apiserver that is probably on another one.
    private func pathWarnings(_ sources: [WebhookKubeconfig.Source], _ server: String) -> [String] {
        let paths = sources.compactMap { source in
            if case .file(let path) = source, FileVersion(path: path) != nil { path } else { nil }
        }
        guard let first = paths.first, !KubeconfigText.isOwn(server) else { return [] }
        return [
            "warning: the file names paths of this machine (\(first)), and \(server) is another one: kube-apiserver does"
                + " not start without these files at the same paths on its own machine; --embed puts them into the file"
        ]
    }

    /// Warns if kube-apiserver's certificate is on this machine and would not be accepted.
    private func clientWarnings(_ path: String, now: Timestamp) throws -> [String] {
        guard FileVersion(path: path) != nil else { return [] }
        let certificate = try PEMFile.certificates(path)[0]
        var warnings: [String] = []
        if certificate.notAfter <= now {
            warnings.append(
                "warning: \(path) has expired, so the webhook will refuse it; make it anew with"
                    + " `kube-entra certs create --renew`")
        } else if certificate.notBefore > now {
            warnings.append("warning: \(path) is not valid before \(certificate.notBefore.rfc3339)")
        }
        if let usages = certificate.extendedKeyUsages, !usages.contains(.clientAuth) {
            warnings.append("warning: \(path) is not for clients (no clientAuth), so the webhook will refuse it")
        }
        return warnings
    }

    /// Warns if the server's certificate is in the same folder and does not cover the URL's host.
    private func serverWarnings(_ server: String) throws -> [String] {
        let path = folder.path(of: CertificateFolder.FileName.server)
        guard authority == nil, FileVersion(path: path) != nil else { return [] }
        let certificate = try PEMFile.certificates(path)[0]
        let host = KubeconfigText.host(of: server)
        let names = certificate.dnsNames.map { $0.lowercased() } + certificate.ipAddresses
        let isWild = names.contains { $0.hasPrefix("*.") && host.drop { $0 != "." } == $0.dropFirst() }
        guard !names.contains(where: { ExactText($0) == ExactText(host.lowercased()) }), !isWild else { return [] }
        // A renewed certificate has only the names that are listed.
        let all = certificate.dnsNames + certificate.ipAddresses + [host]
        return [
            "warning: \(path) has no name \(host), so kube-apiserver will refuse it; make it anew with"
                + " `kube-entra certs create --renew \(all.map { "--host \(ShellWord.quoted($0))" }.joined(separator: " "))`"
        ]
    }
}
