public import Addresses
public import Entra
public import HTTPSClient

/// How one tenant's directory is asked: what the configuration says, and what follows from it.
public struct DirectoryConfiguration: Sendable {
    /// The tenant, its cloud and its sign-in address.
    public var trust: TokenValidationRules
    /// The tenant's `directory` in the configuration.
    public var settings: DirectorySettings
    /// The groups to ask about; nil to list all groups.
    public var groups: [GUID]?
    /// Replaces the cloud's instance metadata service, for managed identities.
    public var metadataService: String?
    /// Called for each request, so that changed CA files are noticed.
    public var graphClient: @Sendable () throws(HTTPSError) -> HTTPSClient
    /// Called for each token request, so that changed CA files are noticed.
    public var authorityClient: @Sendable () throws(HTTPSError) -> HTTPSClient
    /// The proxy on the way to an address, and where it is configured, for people; nil without one.
    public var proxyName: @Sendable (HTTPSURL) -> String? = { _ in nil }

    public init(
        trust: TokenValidationRules,
        settings: DirectorySettings,
        groups: [GUID]?,
        metadataService: String? = nil,
        graphClient: @escaping @Sendable () throws(HTTPSError) -> HTTPSClient,
        authorityClient: @escaping @Sendable () throws(HTTPSError) -> HTTPSClient
    ) {
        self.trust = trust
        self.settings = settings
        self.groups = groups
        self.metadataService = metadataService
        self.graphClient = graphClient
        self.authorityClient = authorityClient
    }

    /// Base of Microsoft Graph, without a trailing slash.
    public var graph: String { settings.graphEndpoint ?? trust.cloud.graphEndpoint }
}
