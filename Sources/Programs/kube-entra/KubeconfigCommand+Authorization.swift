internal import ArgumentParser
internal import Files
internal import Kubeconfigs
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

        @Option(help: .init("The webhook's address.", valueName: "url")) var server = "https://127.0.0.1:8443/authorize"
        @OptionGroup var certificates: WebhookCertificateArguments

        @Option(
            help: .init(
                "The folder of the kubeconfig as the API server sees it. (default: the folder of --out)",
                valueName: "folder"))
        var mountedAt: String?

        @Option(help: .init("The API server's version; from 1.34 on it knows more fields.", valueName: "version"))
        var kubernetes: String?

        @OptionGroup var destination: OutputArguments

        func validate() throws {
            guard KubeconfigText.isHTTPS(server) else {
                throw ValidationError("--server must be an address such as https://127.0.0.1:8443/authorize")
            }
            guard mountedAt.map(KubeconfigText.isPrintable) ?? true else {
                throw ValidationError("a path is empty or has characters that a kubeconfig cannot hold")
            }
            if let mountedAt, !mountedAt.hasPrefix("/") {
                throw ValidationError("--mounted-at must be an absolute path, as the API server sees it")
            }
            if let kubernetes, AuthorizationConfiguration.knowsCacheFields(version: kubernetes) == nil {
                throw ValidationError("--kubernetes must be a version such as 1.34 or v1.34.2")
            }
        }

        func run() throws {
            var webhook = try certificates.kubeconfig(server: server)
            webhook.purpose = .authorization
            let folder = self.folder
            let mount = mountedAt.map { $0.hasSuffix("/") ? $0 : $0 + "/" } ?? KubeconfigText.absolute(folder)
            let text = AuthorizationConfiguration(
                kubeconfigPath: mount + AuthorizationConfiguration.kubeconfigName,
                knowsCacheFields: kubernetes.flatMap(AuthorizationConfiguration.knowsCacheFields) ?? false
            ).text
            guard let out = destination.out else {
                Console.write(Array((text + "---\n" + webhook.text).utf8))
                return
            }
            let kubeconfig = folder + AuthorizationConfiguration.kubeconfigName
            if !destination.force {
                for path in [kubeconfig, out] where FileVersion(path: path) != nil {
                    throw CommandFailure("\(path): \(FileError.exists.sentence); --force replaces it")
                }
            }
            // The API server reads the configuration again when it changes, and needs the other file then.
            try Console.write(
                Array(webhook.text.utf8), to: kubeconfig, mode: 0o600, replacing: destination.force)
            try destination.write(text, mode: 0o600)
        }

        /// With a slash at its end.
        private var folder: String {
            guard let out = destination.out, let end = out.lastIndex(of: "/") else { return "./" }
            return String(out[...end])
        }
    }
}
