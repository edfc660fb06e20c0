import Addresses
import Configuration
import Entra
import EntraTokens
import Files
public import HTTPSClient
import LineLogging
import Logging
import NIOCore
import OpenSSL
import SafeText
import SigningKeys
import Timestamps
import WebhookServer

/// Creates a store of signing keys for configured tenants.
public enum KeySourceFactory {
    static func store(
        _ loaded: LoadedConfiguration,
        eventLoop: any EventLoop,
        logger: Logger,
        metrics: ServerMetrics,
        onChange: @escaping @Sendable (KeySnapshot) -> Void
    ) -> SigningKeyStore {
        SigningKeyStore(
            configurations: loaded.configuration.tenants.map { tenant in
                keyConfiguration(tenant, maximumWaiters: maximumWaiters(loaded.configuration))
            },
            eventLoop: eventLoop,
            logger: logger,
            observe: { event in
                switch event {
                case .refreshed(let tenant, let result):
                    metrics.recordKeyRefresh(
                        tenant: tenant.description, result: result == "success" ? .success : .failure)
                case .keys(let tenant, let count):
                    metrics.setSigningKeys(tenant: tenant.description, count: count)
                case .lastSuccess(let tenant, let time):
                    metrics.setSigningKeysLastSuccess(tenant: tenant.description, time)
                case .fileFetched(let tenant, let time):
                    metrics.setSigningKeysFile(tenant: tenant.description, time)
                }
            },
            onChange: onChange)
    }

    /// Half of the connections may wait for a tenant's keys; the other half is for reviews that need not wait.
    static func maximumWaiters(_ configuration: WebhookConfiguration) -> Int {
        max(1, configuration.limits.server.connections / 2)
    }

    private static func keyConfiguration(
        _ tenant: TenantSettings, maximumWaiters: Int
    ) -> SigningKeyConfiguration {
        let fetcher = KeyFetcher(trust: tenant.trust) { () throws(HTTPSError) in
            try client(authorityCA: tenant.authorityCA, proxy: tenant.signingKeys.proxy, isTrusted: true)
        }
        var configuration = SigningKeyConfiguration(
            trust: tenant.trust, settings: tenant.signingKeys,
            fetch: { version, eventLoop in fetcher.fetch(version, on: eventLoop) })
        configuration.maximumWaiters = maximumWaiters
        configuration.authorityCA = tenant.authorityCA
        configuration.proxyName = HTTPSURL(tenant.trust.authorityBase).flatMap { url in
            proxies(tenant.signingKeys.proxy).proxyName(for: url)
        }
        return configuration
    }

    /// A client for an authority, with its CA as it currently is on disk.
    ///
    /// - Parameter isTrusted: whether the authority's answers grant access. The CA file is then refused if anybody
    ///   except root and this process's user can write it.
    /// - Throws: `HTTPSError` if the CA file cannot be read or used.
    public static func client(
        authorityCA: String?,
        proxy: String?,
        limits: HTTPSLimits = HTTPSLimits(),
        isTrusted: Bool = false
    ) throws(HTTPSError) -> HTTPSClient {
        var configuration = TLSClientConfiguration(applicationProtocols: ["http/1.1"])
        if let authorityCA {
            do {
                configuration.trust = .pem(try FileIO.read(authorityCA, isTrusted: isTrusted))
            } catch {
                throw .configuration("the CA file \(authorityCA): \(error.sentence)")
            }
        }
        do {
            return HTTPSClient(
                context: try TLSContext(client: configuration), proxies: proxies(proxy), limits: limits)
        } catch {
            throw .configuration("\(error)")
        }
    }

    /// The configured proxy, or that of the environment.
    ///
    /// - Parameter source: where the address is configured, for people.
    public static func proxies(_ address: String?, from source: String = "signingKeys.proxy") -> ProxySettings {
        address.map { ProxySettings(address: $0, from: source) } ?? .environment()
    }

    /// For `systemctl status`: one line that names tenants whose tokens cannot be verified.
    static func serviceStatus(_ tenants: [TenantKeyStatus], now: Timestamp) -> String {
        let without = tenants.filter { !$0.isUsable(now: now) }.map(\.tenantID.description)
        guard !without.isEmpty else { return "answering token reviews" }
        let named = without.prefix(3).joined(separator: ", ")
        let others = without.count > 3 ? " and \(without.count - 3) more" : ""
        return without.count == tenants.count
            ? "refusing all tokens: no signing keys for tenant \(named)\(others)"
            : "answering token reviews, but no signing keys for tenant \(named)\(others)"
    }

    /// Ready means: usable keys for at least one tenant.
    static func readinessFailure(_ tenants: [TenantKeyStatus], now: Timestamp) -> String? {
        if tenants.contains(where: { $0.isUsable(now: now) }) { return nil }
        return tenants.map { tenant in
            "tenant \(tenant.tenantID): \(tenant.lastError ?? "the signing keys are being fetched")"
        }.joined(separator: "; ")
    }
}

extension ServerOptions {
    init(_ configuration: WebhookConfiguration) {
        self.init(
            listen: configuration.server.listen,
            operations: configuration.server.operations,
            limits: configuration.limits.server,
            allowedClientNames: Set(configuration.server.allowedClientNames),
            cache: configuration.verifiedTokenCache,
            eventLoops: configuration.server.eventLoops ?? AvailableCPUs.eventLoops)
    }
}

extension LogSettings {
    convenience init(_ settings: LoggingSettings, override: Logger.Level?) {
        self.init(level: override ?? settings.level, format: settings.format)
    }

    func update(_ settings: LoggingSettings, override: Logger.Level?) {
        update(level: override ?? settings.level, format: settings.format)
    }
}
