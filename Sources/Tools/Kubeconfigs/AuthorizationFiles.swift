import Files
public import Terminal

/// The two files of `kubeconfig authorization`: kube-apiserver's configuration, and the webhook's kubeconfig beside it.
public struct AuthorizationFiles: Sendable {
    private let configuration: String
    private let kubeconfig: String
    /// Where the configuration is written; nil for standard output.
    private let path: String?

    /// With a slash at its end.
    private static func folder(of path: String?) -> String {
        guard let path, let end = path.lastIndex(of: "/") else { return "./" }
        return String(path[...end])
    }

    /// - Parameters:
    ///   - webhook: the kubeconfig, made for authorization.
    ///   - mountedAt: the folder of the kubeconfig as the API server sees it; nil for the folder of `path`.
    ///   - kubernetes: the API server's version; nil for the form that all API servers since 1.32 know.
    public init(webhook: WebhookKubeconfig, path: String?, mountedAt: String?, kubernetes: String?) {
        let mount =
            mountedAt.map { $0.hasSuffix("/") ? $0 : $0 + "/" }
            ?? KubeconfigText.absolute(AuthorizationFiles.folder(of: path))
        configuration =
            AuthorizationConfiguration(
                kubeconfigPath: mount + AuthorizationConfiguration.kubeconfigName,
                form: kubernetes.flatMap { KubernetesRelease($0) }.flatMap { AuthorizationConfiguration.Form(for: $0) }
                    ?? .stable
            ).text
        kubeconfig = webhook.text
        self.path = path
    }

    /// - Throws: ``UsageProblem`` if an option has another form.
    public static func check(mountedAt: String?, kubernetes: String?) throws(UsageProblem) {
        try KubeconfigArgument.checkPaths([mountedAt])
        guard mountedAt?.hasPrefix("/") ?? true else {
            throw UsageProblem("--mounted-at must be an absolute path, as the API server sees it")
        }
        guard let kubernetes else { return }
        guard let release = KubernetesRelease(kubernetes) else {
            throw UsageProblem("--kubernetes must be a version such as 1.34 or v1.34.2")
        }
        guard AuthorizationConfiguration.Form(for: release) != nil else {
            throw UsageProblem(
                "--kubernetes \(release.major).\(release.minor): an API server before 1.30 knows no such file. Leave"
                    + " --kubernetes out, and give the API server only \(AuthorizationConfiguration.kubeconfigName), by"
                    + " flags: --authorization-mode=Webhook,Node,RBAC --authorization-webhook-config-file=FILE"
                    + " --authorization-webhook-version=v1 --authorization-webhook-cache-unauthorized-ttl=1s")
        }
    }

    /// Writes both files, or none if one of them exists and may not be replaced. Without a path, both go to standard
    /// output as one YAML stream.
    ///
    /// - Throws: `CommandFailure` if a file exists or cannot be written.
    public func write(replacing isReplacing: Bool) throws {
        guard let path, CommandFile.stream(path) == nil else {
            let both = Array((configuration + "---\n" + kubeconfig).utf8)
            return try Console.write(both, to: path, mode: 0o600, replacing: isReplacing)
        }
        let other = AuthorizationFiles.folder(of: path) + AuthorizationConfiguration.kubeconfigName
        for path in [other, path] {
            guard let obstacle = FileIO.obstacle(toReplacing: path) else { continue }
            throw CommandFailure("\(path): \(obstacle.sentence)")
        }
        if !isReplacing {
            for path in [other, path] where FileVersion(path: path) != nil {
                throw CommandFailure("\(path): \(FileError.exists.sentence); --force replaces it")
            }
        }
        // The API server reads the configuration again when it changes, and needs the other file then.
        try Console.write(Array(kubeconfig.utf8), to: other, mode: 0o600, replacing: isReplacing)
        try Console.write(Array(configuration.utf8), to: path, mode: 0o600, replacing: isReplacing)
    }
}
