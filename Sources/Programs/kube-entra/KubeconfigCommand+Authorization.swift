internal import ArgumentParser
internal import Certificates
internal import Files
internal import Kubeconfigs
internal import OpenSSL
internal import Terminal

extension KubeconfigCommand {
    struct Authorization: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "authorization",
            abstract: "Writes the file for kube-apiserver's --authorization-config: the kill switch.",
            discussion: """
                The webhook is asked first about each request of Entra's people and applications, and can only deny: \
                whom the deny list names, or who has lost what the API server still remembers. Beside --out, the \
                kubeconfig authorization-webhook.kubeconfig is written; both go to standard output without it.
                """)

        @Option(name: .long, help: ArgumentHelp("The webhook's address.", valueName: "url"))
        var server = "https://127.0.0.1:8443/authorize"

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

        @Flag(name: .long, help: "Put the certificates and the key into the kubeconfig.")
        var embed = false

        @Option(
            name: .customLong("mounted-at"),
            help: ArgumentHelp(
                "The folder of the kubeconfig as the API server sees it. (default: the folder of --out)",
                valueName: "folder"))
        var mountedAt: String?

        @Option(
            name: .long,
            help: ArgumentHelp("The API server's version; from 1.34 on it knows more fields.", valueName: "version"))
        var kubernetes: String?

        @OptionGroup var destination: Destination

        func validate() throws {
            guard KubeconfigText.isHTTPS(server) else {
                throw ValidationError("--server must be an address such as https://127.0.0.1:8443/authorize")
            }
            for path in [certs, authority, clientCertificate, clientKey, mountedAt] {
                guard path.map(KubeconfigText.isPrintable) ?? true else {
                    throw ValidationError("a path is empty or has characters that a kubeconfig cannot hold")
                }
            }
            if let mountedAt, !mountedAt.hasPrefix("/") {
                throw ValidationError("--mounted-at must be an absolute path, as the API server sees it")
            }
            if let kubernetes, Authorization.release(kubernetes) == nil {
                throw ValidationError("--kubernetes must be a version such as 1.34 or v1.34.2")
            }
        }

        /// Major and minor version of, for example, `1.34`, `v1.34.2` or `v1.34.2+k3s1`.
        private static func release(_ text: String) -> (major: Int, minor: Int)? {
            let parts = (text.hasPrefix("v") ? text.dropFirst() : Substring(text)).split(
                separator: ".", omittingEmptySubsequences: false)
            guard parts.count >= 2, let major = Int(parts[0]), let minor = Int(parts[1].prefix { $0.isNumber }),
                major >= 0, minor >= 0
            else { return nil }
            return (major, minor)
        }

        func run() throws {
            let folder = CertificateFolder(path: certs)
            let authority = try source(self.authority, folder.path(of: CertificateFolder.FileName.authority)) {
                try PEMFile.certificates($0).flatMap(\.pem)
            }
            let certificate = try source(clientCertificate, folder.path(of: CertificateFolder.FileName.client)) {
                try PEMFile.certificates($0).flatMap(\.pem)
            }
            let key = try source(clientKey, folder.path(of: CertificateFolder.FileName.clientKey)) {
                try PEMFile.privateKey($0).pem()
            }
            let webhook = WebhookKubeconfig(
                server: server, authority: authority, client: (certificate: certificate, key: key)
            ).text.replacing(
                "#   --authentication-token-webhook-config-file=THIS FILE\n#   --authentication-token-webhook-version=v1",
                with: "#   kubeConfigFile in the file of --authorization-config")
            let beside = self.folder
            let seen = mountedAt.map { $0.hasSuffix("/") ? $0 : $0 + "/" } ?? KubeconfigText.absolute(beside)
            let release = kubernetes.flatMap { Authorization.release($0) } ?? (major: 1, minor: 32)
            let text = AuthorizationConfiguration(
                kubeconfigPath: seen + AuthorizationConfiguration.kubeconfigName,
                knowsCacheFields: release.major > 1 || (release.major == 1 && release.minor >= 34)
            ).text
            guard let out = destination.out else {
                Console.write(Array((text + "---\n" + webhook).utf8))
                return
            }
            let kubeconfig = beside + AuthorizationConfiguration.kubeconfigName
            if !destination.force {
                for path in [kubeconfig, out] where FileVersion(path: path) != nil {
                    throw CommandFailure("\(path): \(FileError.exists.sentence); --force replaces it")
                }
            }
            // The API server reads the configuration again when it changes, and then needs the other file.
            try write(webhook, to: kubeconfig)
            try write(text, to: out)
        }

        /// With a trailing slash.
        private var folder: String {
            guard let out = destination.out, let end = out.lastIndex(of: "/") else { return "./" }
            return String(out[...end])
        }

        private func write(_ text: String, to path: String) throws {
            do throws(FileError) {
                try FileIO.write(Array(text.utf8), to: path, mode: 0o600, replacing: destination.force)
            } catch {
                throw CommandFailure("\(path): \(error.sentence)")
            }
            Console.note("wrote \(path)")
        }

        /// The path of a file, or its content.
        private func source(
            _ chosen: String?, _ standard: String, load: (String) throws -> [UInt8]
        ) throws -> WebhookKubeconfig.Source {
            let path = chosen ?? standard
            if embed { return .data(try load(path)) }
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
    }
}
