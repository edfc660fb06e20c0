internal import ArgumentParser
internal import Certificates
internal import Files
internal import Kubeconfigs
internal import OpenSSL
internal import Terminal
internal import Timestamps

extension KubeconfigCommand {
    struct Webhook: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "webhook",
            abstract: "Writes the file for kube-apiserver's --authentication-token-webhook-config-file.",
            discussion: """
                Certificates are named by their absolute paths; kube-apiserver then notices new client certificates \
                by itself. Name files that lie elsewhere on the control-plane node by --ca, --client-certificate and \
                --client-key; or put everything into the file with --embed.
                """)

        @Option(name: .long, help: ArgumentHelp("The webhook's address.", valueName: "url"))
        var server = "https://127.0.0.1:8443/authenticate"

        @Option(
            name: .long, help: ArgumentHelp("The folder that `certs create` wrote.", valueName: "folder"),
            completion: .directory)
        var certs = "certs"

        @Option(
            name: .customLong("ca"),
            help: ArgumentHelp("The CA of the webhook's certificate. (default: <folder>/ca.crt)", valueName: "file"),
            completion: .file())
        var authority: String?

        @Option(
            name: .customLong("client-certificate"),
            help: ArgumentHelp("kube-apiserver's certificate. (default: <folder>/client.crt)", valueName: "file"),
            completion: .file())
        var clientCertificate: String?

        @Option(
            name: .customLong("client-key"),
            help: ArgumentHelp("kube-apiserver's key. (default: <folder>/client.key)", valueName: "file"),
            completion: .file())
        var clientKey: String?

        @Flag(name: .long, help: "Put the certificates and the key into the file.")
        var embed = false

        @Option(name: .long, help: "A kubeconfig, or what Talos Linux' machine configuration needs (with --embed).")
        var format: Format = .kubeconfig

        @Option(
            name: .customLong("talos-version"), help: ArgumentHelp("The release of Talos.", valueName: "version"))
        var talosVersion = "1.15"

        @OptionGroup var destination: Destination

        enum Format: String, ExpressibleByArgument, CaseIterable {
            case kubeconfig, talos
        }

        func validate() throws {
            guard TalosDocument.Form(release: talosVersion) != nil else {
                throw ValidationError("--talos-version must be a release of Talos, such as 1.15")
            }
            guard KubeconfigText.isHTTPS(server) else {
                throw ValidationError("--server must be an address such as https://127.0.0.1:8443/authenticate")
            }
            for path in [certs, authority, clientCertificate, clientKey] {
                guard path.map(KubeconfigText.isPrintable) ?? true else {
                    throw ValidationError("a path is empty or has characters that a kubeconfig cannot hold")
                }
            }
        }

        func run() throws {
            let folder = CertificateFolder(path: certs)
            let authority = try source(
                self.authority, folder.path(of: CertificateFolder.FileName.authority)
            ) { try PEMFile.certificates($0).flatMap(\.pem) }
            let certificatePath = clientCertificate ?? folder.path(of: CertificateFolder.FileName.client)
            let certificate = try source(
                clientCertificate, folder.path(of: CertificateFolder.FileName.client)
            ) { try PEMFile.certificates($0).flatMap(\.pem) }
            let key = try source(clientKey, folder.path(of: CertificateFolder.FileName.clientKey)) {
                path in
                let key = try PEMFile.privateKey(path)
                if FileVersion(path: certificatePath) != nil {
                    guard try PEMFile.certificates(certificatePath)[0].matches(key) else {
                        throw CommandFailure("\(path) is not the key of \(certificatePath)")
                    }
                }
                return try key.pem()
            }
            try warnAboutNames()
            warnAboutPath()
            try warnAboutClient(certificatePath)
            let text = WebhookKubeconfig(
                server: server, authority: authority, client: (certificate: certificate, key: key)
            ).text
            try destination.write(talos.map { TalosDocument(form: $0, kubeconfig: text).text } ?? text)
        }

        /// The requested form of Talos.
        private var talos: TalosDocument.Form? { format == .talos ? TalosDocument.Form(release: talosVersion) : nil }

        /// One field of the file. A named file that does not exist on this machine is accepted.
        private func source(
            _ chosen: String?, _ standard: String, load: (String) throws -> [UInt8]
        ) throws -> WebhookKubeconfig.Source {
            let path = chosen ?? standard
            if embed || format == .talos {
                // Other contents of the file are left out.
                return .data(try load(path))
            }
            if FileVersion(path: path) == nil {
                guard chosen != nil else {
                    throw CommandFailure(
                        "\(path): there is no such file; `kube-entra certs create` makes it, and --ca, --client-certificate"
                            + " and --client-key name files that lie on the control-plane node only")
                }
                Console.note("note: \(path) is not on this machine, so it was not checked")
            } else {
                _ = try load(path)
            }
            return .file(KubeconfigText.absolute(path))
        }

        private func warnAboutPath() {
            guard server.dropFirst(8).drop(while: { $0 != "/" }).drop(while: { $0 == "/" }).isEmpty else { return }
            var address = server
            while address.last == "/" { address.removeLast() }
            Console.note(
                "warning: \(server) has no path, where the webhook answers nothing; it is \(address)/authenticate")
        }

        /// Warns if kube-apiserver's certificate is on this machine and would not be accepted.
        private func warnAboutClient(_ path: String) throws {
            guard FileVersion(path: path) != nil else { return }
            let certificate = try PEMFile.certificates(path)[0]
            let renew = "make it anew with `kube-entra certs create --renew`"
            let now = Timestamp.now()
            if certificate.notAfter <= now {
                Console.note("warning: \(path) has expired, so the webhook will refuse it; \(renew)")
            } else if certificate.notBefore > now {
                Console.note("warning: \(path) is not valid before \(certificate.notBefore.rfc3339)")
            }
            if let usages = certificate.extendedKeyUsages, !usages.contains(.clientAuth) {
                Console.note("warning: \(path) is not for clients (no clientAuth), so the webhook will refuse it")
            }
        }

        /// Warns if the server's certificate is in the same folder and does not cover the URL's host.
        private func warnAboutNames() throws {
            let path = CertificateFolder(path: certs).path(of: CertificateFolder.FileName.server)
            guard authority == nil, FileVersion(path: path) != nil else { return }
            let certificate = try PEMFile.certificates(path)[0]
            let host = KubeconfigText.host(of: server)
            let names = certificate.dnsNames.map { $0.lowercased() } + certificate.ipAddresses
            let isWild = names.contains { $0.hasPrefix("*.") && host.drop { $0 != "." } == $0.dropFirst() }
            guard !names.contains(host.lowercased()), !isWild else { return }
            Console.note(
                "warning: \(path) has no name \(host), so kube-apiserver will refuse it; make it anew with "
                    + "`kube-entra certs create --renew --host \(host)`")
        }
    }
}
