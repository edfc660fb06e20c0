public import AccessPolicy
public import Addresses
public import Authentication
public import DirectoryGroups
public import Entra
public import LineLogging
public import Logging
public import SafeText
public import SigningKeys
public import WebhookServer

/// Which cryptography of OpenSSL is used.
public enum CryptographyRule: String, Hashable, Sendable, CaseIterable {
    /// The system's OpenSSL configuration decides.
    case `default`
    /// Only algorithms of the FIPS provider; without that provider, `serve` does not start.
    case fips
}

/// Where the webhook listens, and who may call it. Paths are resolved against the configuration file's folder.
public struct ServerSettings: Hashable, Sendable {
    /// Address of the TokenReview endpoint, with TLS.
    public var listen = ListenAddress(host: "127.0.0.1", port: 8443)
    /// Number of event loops; nil (`auto`) for the number of available CPUs, at most 4.
    public var eventLoops: Int?
    /// Address of probes, metrics and status page, in plain HTTP and without credentials.
    public var operations = ListenAddress(host: "127.0.0.1", port: 8480)
    /// Path of the server's certificate chain in PEM.
    public var certificate = ""
    /// Path of the private key in PEM.
    public var privateKey = ""
    /// Path of the CA certificates in PEM that must have issued the callers' certificates.
    public var clientCA: String?
    /// Common names or DNS names of callers; empty accepts every certificate of the CA.
    public var allowedClientNames: [ExactText] = []
    /// ALPN names, the server's preferred one first.
    public var protocols = ["h2", "http/1.1"]
    /// Accepts callers without a certificate, instead of `clientCA`.
    public var insecureAllowAnyClient = false
    /// Which cryptography of OpenSSL is used.
    public var cryptography = CryptographyRule.default

    /// The defaults, without certificate and key.
    public init() {}
}

/// One Entra tenant whose principals may sign in.
public struct TenantSettings: Hashable, Sendable {
    /// Which tokens of the tenant are valid.
    public var trust: TokenValidationRules
    /// What groups, app roles and entries grant or deny.
    public var policy: TenantPolicy
    /// Path of the CA of the authority's address; nil for the system's authorities.
    public var authorityCA: String?
    /// Access to Microsoft Graph; nil if it is never asked.
    public var directory: DirectorySettings?
    /// Path of a file of denied entries in addition to `policy.denied`; `kube-entra deny` edits it.
    public var deniedFile: String?
    /// How signing keys are fetched and stored.
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

/// Limits of a request, a connection and the process.
public struct LimitSettings: Hashable, Sendable {
    /// Largest accepted size of a token, in bytes.
    public var tokenBytes = 65_536
    /// Limits of the server. In the file, they are members of `limits` like the other two.
    public var server = ServerLimits()
    /// Accepted difference between Entra's clock and this one.
    public var clockSkew = Duration.seconds(60)

    /// The defaults.
    public init() {}
}

/// Log lines and the audit file.
public struct LoggingSettings: Hashable, Sendable {
    /// The least important level that is written.
    public var level = Logger.Level.info
    /// The format of log lines.
    public var format = LogFormat.text
    /// Path of the file to which every decision is appended; nil for none.
    public var audit: String?

    /// The defaults.
    public init() {}
}

/// The whole configuration, validated, with defaults filled in.
public struct WebhookConfiguration: Hashable, Sendable {
    /// Where the webhook listens, and who may call it.
    public var server = ServerSettings()
    /// The Entra tenants whose principals may sign in, at least one.
    public var tenants: [TenantSettings] = []
    /// How principals are named in the cluster.
    public var kubernetes = KubernetesPolicy()
    /// Limits of a request, a connection and the process.
    public var limits = LimitSettings()
    /// The cache of verified tokens.
    public var verifiedTokenCache = DecisionCache.Limits()
    /// Log lines and the audit file.
    public var logging = LoggingSettings()
    /// Path of a file of display names, shown beside object IDs. No decision uses it.
    public var names: String?

    /// The defaults, without tenants.
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
