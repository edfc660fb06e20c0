public import Authentication
public import EntraTokens
public import Logging
import NIOCore
import NIOOpenSSL
public import OpenSSL
public import Timestamps

extension WebhookServer {
    /// A server that listens after ``start()``.
    ///
    /// - Parameters:
    ///   - tls: certificate, key, client CA and ALPN names of new connections.
    ///   - readiness: what must hold, besides not ending, for the server to be ready.
    public convenience init(
        options: ServerOptions,
        tls: TLSContext,
        authenticator: Authenticator,
        keys: KeySnapshot,
        services: ReviewServices,
        metrics: ServerMetrics,
        registry: PrometheusRegistry?,
        readiness: [HealthCheck],
        logger: Logger,
        clock: @escaping @Sendable () -> Timestamp = { .now() }
    ) {
        self.init(
            options: options,
            serverTLS: ServerTLS(tls, handshakeTimeout: options.limits.handshakeTimeout),
            authenticator: authenticator,
            keys: keys,
            services: services,
            metrics: metrics,
            registry: registry,
            readiness: readiness,
            logger: logger,
            clock: clock)
    }

    /// New connections get this certificate, key and client CA; old connections end within a minute.
    public func update(tls: TLSContext) {
        update(serverTLS: ServerTLS(tls, handshakeTimeout: options.limits.handshakeTimeout))
    }
}

extension ServerTLS {
    init(_ context: TLSContext, handshakeTimeout: Duration) {
        addHandlers = { channel in
            try channel.pipeline.syncOperations.addHandler(
                TLSHandler.server(context: context, handshakeTimeout: TimeAmount(handshakeTimeout)))
        }
        clientNames = { channel in
            let handler = try? channel.pipeline.syncOperations.handler(type: TLSHandler.self)
            guard let certificate = handler?.peerCertificate else { return [] }
            return (certificate.commonName.map { [$0] } ?? []) + certificate.dnsNames
        }
    }
}
