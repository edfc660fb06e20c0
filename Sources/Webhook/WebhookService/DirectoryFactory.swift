import AccessPolicy
import Authentication
public import Configuration
import DirectoryGroups
public import Entra
import Files
import Glibc
import HTTPSClient
import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import OpenSSL
import SafeText
import SigningKeys
import Terminal
import WebhookServer

/// A tenant's resolver, and what it was made from.
struct TenantDirectory: Sendable {
    let source: DirectorySource
    let resolver: DirectoryResolver
    /// Nil if nobody is watched.
    let watch: DirectoryWatcher?
}

/// Everything that the answers of a tenant's directory depend on.
struct DirectorySource: Equatable, Sendable {
    let tenantID: GUID
    let cloud: Cloud
    let authority: String?
    let authorityCA: String?
    let proxy: String?
    var settings: DirectorySettings
    let groups: [GUID]

    /// Nil if the tenant's directory is never asked.
    init?(_ tenant: TenantSettings) {
        guard let directory = tenant.directory, tenant.trust.groupOverage == .resolve || directory.watch != .off
        else { return nil }
        self.init(tenant, directory)
    }

    /// The source of each tenant whose directory is asked, by tenant ID.
    static func all(_ configuration: WebhookConfiguration) -> [GUID: DirectorySource] {
        let sources = configuration.tenants.compactMap(DirectorySource.init)
        return Dictionary(sources.map { ($0.tenantID, $0) }, uniquingKeysWith: { first, _ in first })
    }

    /// The directory of a tenant for any purpose; nil if it has none.
    static func forAnyUse(_ tenant: TenantSettings) -> DirectorySource? {
        tenant.directory.map { DirectorySource(tenant, $0) }
    }

    /// Compares bytes, because `==` on `String` treats some different paths and addresses as equal.
    static func == (left: DirectorySource, right: DirectorySource) -> Bool {
        left.tenantID == right.tenantID && left.cloud == right.cloud && left.settings == right.settings
            && left.groups == right.groups && left.texts == right.texts
    }

    private var texts: [ExactText?] {
        [
            authority, authorityCA, proxy, settings.clientSecretFile, settings.clientCertificateFile,
            settings.federatedTokenFile, settings.graphEndpoint, settings.graphCA,
        ].map { text in text.map { ExactText($0) } }
    }

    private init(_ tenant: TenantSettings, _ directory: DirectorySettings) {
        tenantID = tenant.trust.tenantID
        cloud = tenant.trust.cloud
        authority = tenant.trust.authority
        authorityCA = tenant.authorityCA
        proxy = tenant.signingKeys.proxy
        settings = directory
        var wanted: [GUID] = []
        let configured = tenant.policy.adminGroupObjectIDs + tenant.policy.groupMappings.map(\.groupObjectID)
        for group in configured where !wanted.contains(group) { wanted.append(group) }
        groups = wanted
    }
}

/// Creates resolvers for configured directories, by tenant.
public enum DirectoryFactory {
    /// - Parameter known: previous resolvers; unchanged ones are kept with their caches.
    static func directories(
        _ configuration: WebhookConfiguration,
        known: [GUID: TenantDirectory] = [:],
        eventLoop: any EventLoop,
        watchLoop: WatchLoop,
        logger: Logger,
        metrics: ServerMetrics,
        publish: @escaping @Sendable (GUID, WatchFacts.Tenant?) -> Void
    ) -> [GUID: TenantDirectory] {
        var directories: [GUID: TenantDirectory] = [:]
        for tenant in configuration.tenants {
            guard let source = DirectorySource(tenant) else { continue }
            if let same = known[source.tenantID], same.source == source {
                directories[source.tenantID] = same
                continue
            }
            let count = metrics.groupResolutionCounter(tenant: source.tenantID.description)
            let resolver = DirectoryResolver(
                configuration: directoryConfiguration(source, trust: tenant.trust, isServing: true),
                eventLoop: eventLoop,
                logger: logger,
                observe: { outcome in count(GroupResolutionResult(rawValue: outcome.rawValue) ?? .failure) })
            resolver.warmUp()
            let watch = Self.watch(
                source, trust: tenant.trust, watchLoop: watchLoop, logger: logger, metrics: metrics, publish: publish)
            let earlier = known[source.tenantID]?.watch
            if watch != nil || earlier != nil {
                watchLoop.get().execute {
                    if let watch { watch.start(after: earlier) } else { earlier?.stop() }
                }
            }
            directories[source.tenantID] = TenantDirectory(source: source, resolver: resolver, watch: watch)
        }
        for (id, directory) in known where directories[id] == nil {
            if let watch = directory.watch { watchLoop.get().execute { watch.stop() } }
        }
        return directories
    }

    private static func watch(
        _ source: DirectorySource, trust: TokenValidationRules, watchLoop: WatchLoop, logger: Logger,
        metrics: ServerMetrics, publish: @escaping @Sendable (GUID, WatchFacts.Tenant?) -> Void
    ) -> DirectoryWatcher? {
        guard source.settings.watch != .off else { return nil }
        let count = metrics.watchQuestionCounter(tenant: source.tenantID.description)
        var directory = directoryConfiguration(source, trust: trust, isServing: true)
        directory.groups = source.groups
        let tenantID = source.tenantID
        return DirectoryWatcher(
            configuration: directory, eventLoop: watchLoop.get(), logger: logger,
            observe: { outcome in count(WatchQuestionResult(rawValue: outcome.rawValue) ?? .failure) },
            publish: { publish(tenantID, $0) })
    }

    /// The directory's current answer about a principal.
    ///
    /// - Throws: `CommandFailure` if there is no answer.
    public static func ask(_ principal: EntraPrincipal, _ settings: WebhookConfiguration) throws -> [GUID] {
        let tenant = settings.tenants.first { $0.trust.tenantID == principal.tenantID }
        guard let tenant, let source = DirectorySource(tenant) else {
            throw CommandFailure("the tenant has no directory")
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        defer { try? group.syncShutdownGracefully() }
        let configuration = directoryConfiguration(source, trust: tenant.trust)
        let resolver = DirectoryResolver(
            configuration: configuration, eventLoop: group.next(), logger: Logger(label: "kube-entra"))
        do {
            return try resolver.askOnce(principal).wait()
        } catch {
            throw DirectoryFailure(source: source, configuration: configuration, isAboutNames: false).explained(error)
        }
    }

    /// - Parameter isServing: whether the answers grant access. CA files are then refused if anybody except root and
    ///   this process's user can write them.
    static func directoryConfiguration(
        _ source: DirectorySource, trust: TokenValidationRules, isServing: Bool = false
    ) -> DirectoryConfiguration {
        let settings = source.settings
        func clients(_ authorities: String?) -> ClientCache {
            ClientCache(
                authorities: authorities, proxy: source.proxy, timeout: settings.timeout, isTrusted: isServing)
        }
        let graphClients = clients(settings.graphCA)
        let authorityClients = clients(source.authorityCA)
        var configuration = DirectoryConfiguration(
            trust: trust,
            settings: settings,
            groups: settings.groups == .all ? nil : source.groups,
            metadataService: getenv("AZURE_POD_IDENTITY_AUTHORITY_HOST").map { String(cString: $0) }
                .flatMap { $0.isEmpty ? nil : $0 },
            graphClient: { () throws(HTTPSError) in try graphClients.client() },
            authorityClient: { () throws(HTTPSError) in try authorityClients.client() })
        let proxy = source.proxy
        configuration.proxyName = { url in KeySourceFactory.proxies(proxy).proxyName(for: url) }
        return configuration
    }
}

/// A client that is created again when its CA file changes, and regularly because the system's authorities may change.
private final class ClientCache: Sendable {
    private struct Made {
        let client: HTTPSClient
        let stamp: FileVersion?
        let at: NIODeadline
    }

    private static let maximumAge = TimeAmount.hours(1)

    private let authorities: String?
    private let proxy: String?
    private let limits: HTTPSLimits
    private let isTrusted: Bool
    private let made = NIOLockedValueBox<Made?>(nil)

    init(authorities: String?, proxy: String?, timeout: Duration, isTrusted: Bool) {
        self.authorities = authorities
        self.isTrusted = isTrusted
        self.proxy = proxy
        limits = HTTPSLimits(connectTimeout: timeout, deadline: timeout, maximumBytes: 4 << 20)
    }

    func client() throws(HTTPSError) -> HTTPSClient {
        let stamp = authorities.flatMap { FileVersion(path: $0) }
        let now = NIODeadline.now()
        if let made = made.withLockedValue({ $0 }), made.stamp == stamp, now - made.at < Self.maximumAge {
            return made.client
        }
        let client = try KeySourceFactory.client(
            authorityCA: authorities, proxy: proxy, limits: limits, isTrusted: isTrusted)
        made.withLockedValue { $0 = Made(client: client, stamp: stamp, at: now) }
        return client
    }
}
