public import AccessPolicy
public import Authentication
public import EntraTokens

/// Where and to whom the webhook answers. Paths are resolved against the configuration file's folder.
public struct ServerSettings: Hashable, Sendable {
    public var listen = ListenAddress(host: "127.0.0.1", port: 8443)
    public var operations = ListenAddress(host: "127.0.0.1", port: 8480)
    public var certificate = ""
    public var privateKey = ""
    public var clientCA: String?
    public var allowedClientNames: [String] = []
    /// ALPN names in the server's order of preference.
    public var protocols = ["http/1.1", "h2"]
    public var insecureAllowAnyClient = false

    public init() {}
}

/// How a tenant's signing keys are got and kept.
public struct SigningKeySettings: Hashable, Sendable {
    public var refreshEvery = Duration.seconds(3600)
    public var unknownKeyRefreshInterval = Duration.seconds(300)
    public var maximumAge = Duration.seconds(24 * 3600)
    public var cacheFile: String?
    public var file: String?
    public var proxy: String?

    public init() {}
}

/// How this webhook proves itself to Microsoft Graph.
public enum DirectoryCredential: Hashable, Sendable {
    case clientSecretFile(String)
    case clientCertificateFile(String)
    case federatedTokenFile(String)
    case managedIdentity
}

/// Which groups the directory is asked about.
public enum DirectoryGroupScope: String, Hashable, Sendable, CaseIterable {
    case configured
    case all
}

/// Microsoft Graph, for principals with group overage.
public struct DirectorySettings: Hashable, Sendable {
    public var clientID: GUID?
    public var credential: DirectoryCredential
    public var groups = DirectoryGroupScope.configured
    public var timeout = Duration.seconds(2)
    public var cacheFor = Duration.seconds(300)
    public var staleFor = Duration.zero
    public var graphEndpoint: String?
    public var graphCA: String?

    public init(clientID: GUID?, credential: DirectoryCredential) {
        self.clientID = clientID
        self.credential = credential
    }
}

/// One Entra tenant whose principals may sign in.
public struct TenantSettings: Hashable, Sendable {
    public var trust: TenantTrust
    public var policy: TenantPolicy
    public var authorityCA: String?
    public var directory: DirectorySettings?
    public var signingKeys = SigningKeySettings()

    public init(
        trust: TenantTrust, policy: TenantPolicy, authorityCA: String? = nil, directory: DirectorySettings? = nil,
        signingKeys: SigningKeySettings = SigningKeySettings()
    ) {
        self.trust = trust
        self.policy = policy
        self.authorityCA = authorityCA
        self.directory = directory
        self.signingKeys = signingKeys
    }
}

/// What bounds a request, a connection and the process.
public struct LimitSettings: Hashable, Sendable {
    public var tokenBytes = 65_536
    public var headerBytes = 32_768
    public var bodyBytes = 4_194_304
    public var bytesInFlight = 67_108_864
    public var connections = 4096
    /// From one address. Nil: three quarters of all.
    public var connectionsPerPeer: Int?
    public var streamsPerConnection = 250
    public var handshakeTimeout = Duration.seconds(10)
    public var requestTimeout = Duration.seconds(10)
    public var idleTimeout = Duration.seconds(120)
    public var reviewDeadline = Duration.seconds(5)
    public var clockSkew = Duration.seconds(60)

    public init() {}
}

/// The cache of verified tokens. No entries: no cache.
public struct TokenCacheSettings: Hashable, Sendable {
    public var entries = 10_000
    public var maximumAge = Duration.seconds(600)

    public init() {}
}

public enum LogFormat: String, Hashable, Sendable, CaseIterable {
    case text
    case json
}

public enum LogLevel: String, Hashable, Sendable, CaseIterable {
    case trace, debug, info, notice, warning, error, critical
}

public struct LoggingSettings: Hashable, Sendable {
    public var level = LogLevel.info
    public var format = LogFormat.text
    public var audit: String?

    public init() {}
}

/// The whole configuration, with defaults filled in and checked.
public struct WebhookConfiguration: Hashable, Sendable {
    public var server = ServerSettings()
    public var tenants: [TenantSettings] = []
    public var kubernetes = KubernetesPolicy()
    public var limits = LimitSettings()
    public var verifiedTokenCache = TokenCacheSettings()
    public var logging = LoggingSettings()

    public init() {}

    /// The part that decisions depend on.
    public var authentication: AuthenticationSettings {
        AuthenticationSettings(
            tenants: tenants.map { TenantRules(trust: $0.trust, policy: $0.policy) },
            kubernetes: kubernetes,
            tokenBytes: limits.tokenBytes,
            clockSkew: limits.clockSkew.components.seconds
        )
    }
}
