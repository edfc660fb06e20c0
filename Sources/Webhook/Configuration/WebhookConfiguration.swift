public import AccessPolicy
public import Addresses
public import Authentication
public import EntraTokens
public import LineLogging

/// Which of OpenSSL's cryptography is used.
public enum CryptographyRule: String, Hashable, Sendable, CaseIterable {
    /// What the system's OpenSSL configuration says.
    case `default`
    /// Only what the FIPS provider offers; without that provider, `serve` does not start.
    case fips
}

/// Where and to whom the webhook answers. Paths are resolved against the configuration file's folder.
public struct ServerSettings: Hashable, Sendable {
    public var listen = ListenAddress(host: "127.0.0.1", port: 8443)
    /// How many event loops answer; nil (`auto`): the CPUs that this process may use, at most 4.
    public var eventLoops: Int?
    public var operations = ListenAddress(host: "127.0.0.1", port: 8480)
    public var certificate = ""
    public var privateKey = ""
    public var clientCA: String?
    public var allowedClientNames: [String] = []
    /// ALPN names in the server's order of preference.
    public var protocols = ["h2", "http/1.1"]
    public var insecureAllowAnyClient = false
    public var cryptography = CryptographyRule.default

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

/// Whose account and membership Microsoft Graph is asked about again while their tokens live.
public enum DirectoryWatch: String, Hashable, Sendable, CaseIterable {
    case off
    case admins
    case everyone
}

/// What holds for watched principals once Microsoft Graph has not answered for three times `watchEvery`.
public enum DirectorySilence: String, Hashable, Sendable, CaseIterable {
    /// The last answer stays in force.
    case keep
    /// They are refused.
    case refuse
}

/// Microsoft Graph, for principals with group overage and for the watch.
public struct DirectorySettings: Hashable, Sendable {
    public var clientID: GUID?
    /// Exactly one of the four is set.
    public var clientSecretFile: String?
    public var clientCertificateFile: String?
    public var federatedTokenFile: String?
    public var managedIdentity = false
    public var groups = DirectoryGroupScope.configured
    public var timeout = Duration.seconds(2)
    public var cacheFor = Duration.seconds(300)
    public var staleFor = Duration.zero
    public var graphEndpoint: String?
    public var graphCA: String?
    public var watch = DirectoryWatch.off
    /// How long a change in Entra may take to be felt.
    public var watchEvery = Duration.seconds(30)
    public var whenSilent = DirectorySilence.keep

    init() {}

    public init(clientID: GUID?, credential: DirectoryCredential) {
        self.clientID = clientID
        switch credential {
        case .clientSecretFile(let path): clientSecretFile = path
        case .clientCertificateFile(let path): clientCertificateFile = path
        case .federatedTokenFile(let path): federatedTokenFile = path
        case .managedIdentity: managedIdentity = true
        }
    }

    /// How this webhook proves itself to Microsoft Graph.
    public var credential: DirectoryCredential {
        if let clientSecretFile { return .clientSecretFile(clientSecretFile) }
        if let clientCertificateFile { return .clientCertificateFile(clientCertificateFile) }
        if let federatedTokenFile { return .federatedTokenFile(federatedTokenFile) }
        return .managedIdentity
    }
}

/// One Entra tenant whose principals may sign in.
public struct TenantSettings: Hashable, Sendable {
    public var trust: TokenValidationRules
    public var policy: TenantPolicy
    public var authorityCA: String?
    public var directory: DirectorySettings?
    /// A file of denied entries beside `policy.denied`, which `kube-entra deny` edits.
    public var deniedFile: String?
    public var signingKeys = SigningKeySettings()

    public init(
        trust: TokenValidationRules, policy: TenantPolicy, authorityCA: String? = nil,
        directory: DirectorySettings? = nil,
        deniedFile: String? = nil, signingKeys: SigningKeySettings = SigningKeySettings()
    ) {
        self.trust = trust
        self.policy = policy
        self.authorityCA = authorityCA
        self.directory = directory
        self.deniedFile = deniedFile
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
    /// A file of display names that stand beside object IDs for people; no decision looks at it.
    public var names: String?

    public init() {}

    /// The part that decisions depend on.
    public var authentication: AuthenticationSettings {
        AuthenticationSettings(
            tenants: tenants.map {
                TenantConfiguration(trust: $0.trust, policy: $0.policy, watch: $0.directory?.watchRule)
            },
            kubernetes: kubernetes,
            tokenBytes: limits.tokenBytes,
            clockSkew: limits.clockSkew.components.seconds
        )
    }
}

extension DirectorySettings {
    /// Nil when nobody is watched.
    public var watchRule: WatchRule? {
        let refuses = whenSilent == .refuse
        return switch watch {
        case .off: nil
        case .admins: WatchRule(scope: .admins, refusesInSilence: refuses)
        case .everyone: WatchRule(scope: .everyone, refusesInSilence: refuses)
        }
    }
}
