internal import AccessPolicy
internal import Configuration
internal import DirectoryGroups
internal import EntraTokens
internal import Files
internal import HTTPSClient
internal import Logging
internal import NIOCore
internal import OpenSSL
internal import WebhookServer

/// Turns configured directories into resolvers, by tenant.
enum DirectoryPlans {
    static func resolvers(
        _ configuration: WebhookConfiguration,
        eventLoop: any EventLoop,
        logger: Logger,
        metrics: ServerMetrics
    ) -> [GUID: DirectoryResolver] {
        var resolvers: [GUID: DirectoryResolver] = [:]
        for tenant in configuration.tenants {
            guard tenant.trust.groupOverage == .resolve, let directory = tenant.directory else { continue }
            let label = tenant.trust.tenantID.description
            let resolver = DirectoryResolver(
                plan: plan(tenant, directory),
                eventLoop: eventLoop,
                logger: logger,
                observe: { outcome in
                    metrics.recordGroupResolution(
                        tenant: label, result: GroupResolutionResult(rawValue: outcome.rawValue) ?? .failure)
                })
            resolver.warmUp()
            resolvers[tenant.trust.tenantID] = resolver
        }
        return resolvers
    }

    private static func plan(_ tenant: TenantSettings, _ directory: DirectorySettings) -> DirectoryPlan {
        let secret: DirectorySecret =
            switch directory.credential {
            case .clientSecretFile(let path): .clientSecretFile(path)
            case .clientCertificateFile(let path): .clientCertificateFile(path)
            case .federatedTokenFile(let path): .federatedTokenFile(path)
            case .managedIdentity: .managedIdentity
            }
        var wanted: [GUID] = []
        let configured = tenant.policy.adminGroupObjectIDs + tenant.policy.groupMappings.map(\.groupObjectID)
        for group in configured where !wanted.contains(group) { wanted.append(group) }
        let timeout = directory.timeout
        let proxy = tenant.signingKeys.proxy
        func client(_ authorities: String?) -> @Sendable () throws(HTTPSError) -> HTTPSClient {
            { () throws(HTTPSError) in
                try KeyPlans.client(
                    authorityCA: authorities, proxy: proxy,
                    limits: HTTPSLimits(connectTimeout: timeout, deadline: timeout, maximumBytes: 4 << 20))
            }
        }
        return DirectoryPlan(
            trust: tenant.trust,
            clientID: directory.clientID,
            secret: secret,
            graph: directory.graphEndpoint ?? tenant.trust.cloud.graphEndpoint,
            groups: directory.groups == .all ? nil : wanted,
            timeout: timeout,
            cacheFor: directory.cacheFor,
            staleFor: directory.staleFor,
            graphClient: client(directory.graphCA),
            authorityClient: client(tenant.authorityCA))
    }

    /// Whether the directories must be asked in another way than before.
    static func needNewResolvers(_ old: WebhookConfiguration, _ new: WebhookConfiguration) -> Bool {
        old.tenants != new.tenants
    }
}
