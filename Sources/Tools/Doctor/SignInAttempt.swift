/// Which sign-in a doctor follows, and how long it may take.
public struct SignInAttempt: Sendable {
    /// The kubeconfig; nil to find it as kubectl does.
    public var kubeconfig: String?
    /// The context; nil for the current one.
    public var contextName: String?
    /// How long the credential plugin may take.
    public var pluginTimeout: Duration
    /// How long the API server may take.
    public var timeout: Duration
    /// Whether the plugin can ask somebody at a terminal.
    public var hasTerminal: Bool

    /// An attempt; times that are left out have the defaults of `kube-entra doctor`.
    public init(
        kubeconfig: String?, contextName: String?, hasTerminal: Bool, pluginTimeout: Duration = .seconds(300),
        timeout: Duration = .seconds(15)
    ) {
        self.kubeconfig = kubeconfig
        self.contextName = contextName
        self.pluginTimeout = pluginTimeout
        self.timeout = timeout
        self.hasTerminal = hasTerminal
    }
}
