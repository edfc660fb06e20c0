public import EntraTokens
public import HTTPSClient

/// How the application proves itself to Entra. Files are read anew for each token.
public enum DirectorySecret: Hashable, Sendable {
    case clientSecretFile(String)
    case clientCertificateFile(String)
    case federatedTokenFile(String)
    case managedIdentity
}

/// How one tenant's directory is asked.
public struct DirectoryConfiguration: Sendable {
    public var trust: TokenValidationRules
    public var clientID: GUID?
    public var secret: DirectorySecret
    /// Base of Microsoft Graph, without a slash at the end.
    public var graph: String
    /// Nil to list all groups, else the ones to ask about.
    public var groups: [GUID]?
    public var timeout: Duration
    public var cacheFor: Duration
    public var staleFor: Duration
    /// Base of another instance metadata service than the cloud's own, for managed identities.
    public var metadataService: String?
    /// Called for each question, so that changed CA files are noticed.
    public var graphClient: @Sendable () throws(HTTPSError) -> HTTPSClient
    public var authorityClient: @Sendable () throws(HTTPSError) -> HTTPSClient

    public init(
        trust: TokenValidationRules,
        clientID: GUID?,
        secret: DirectorySecret,
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
        self.secret = secret
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
