public import Entra
public import HTTPSClient

/// How the application authenticates to Entra. Files are read again for each token.
public enum DirectoryCredential: Hashable, Sendable {
    case clientSecretFile(String)
    case clientCertificateFile(String)
    case federatedTokenFile(String)
    case managedIdentity
}

/// How one tenant's directory is asked.
public struct DirectoryConfiguration: Sendable {
    /// The tenant, its cloud and its sign-in address.
    public var trust: TokenValidationRules
    /// The application that asks; nil for a system-assigned managed identity.
    public var clientID: GUID?
    /// How the application authenticates.
    public var credential: DirectoryCredential
    /// Base of Microsoft Graph, without a trailing slash.
    public var graph: String
    /// The groups to ask about; nil to list all groups.
    public var groups: [GUID]?
    /// Time for one request, retries included.
    public var timeout: Duration
    /// How long an answer is fresh.
    public var cacheFor: Duration
    /// How much longer an answer is used while the directory is unavailable.
    public var staleFor: Duration
    /// Replaces the cloud's instance metadata service, for managed identities.
    public var metadataService: String?
    /// Called for each request, so that changed CA files are noticed.
    public var graphClient: @Sendable () throws(HTTPSError) -> HTTPSClient
    /// Called for each token request, so that changed CA files are noticed.
    public var authorityClient: @Sendable () throws(HTTPSError) -> HTTPSClient

    public init(
        trust: TokenValidationRules,
        clientID: GUID?,
        credential: DirectoryCredential,
        graph: String,
        groups: [GUID]?,
        timeout: Duration,
        cacheFor: Duration,
        staleFor: Duration,
        metadataService: String? = nil,
        graphClient: @escaping @Sendable () throws(HTTPSError) -> HTTPSClient,
        authorityClient: @escaping @Sendable () throws(HTTPSError) -> HTTPSClient
    ) {
        self.trust = trust
        self.clientID = clientID
        self.credential = credential
        self.graph = graph
        self.groups = groups
        self.timeout = timeout
        self.cacheFor = cacheFor
        self.staleFor = staleFor
        self.metadataService = metadataService
        self.graphClient = graphClient
        self.authorityClient = authorityClient
    }
}
