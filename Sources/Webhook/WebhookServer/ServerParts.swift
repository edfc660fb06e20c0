public import Authentication
public import EntraTokens
public import LineLogging
public import Logging
public import Prometheus

/// The configuration and the keys with which reviews are decided until newer ones arrive.
public struct ReviewBasis: Sendable {
    /// Decides about tokens according to the configuration.
    public var authenticator: Authenticator
    /// The signing keys of all tenants.
    public var keys: KeySnapshot
    /// Identifies the authenticator's configuration in audit lines.
    public var configurationSHA256: String?

    public init(authenticator: Authenticator, keys: KeySnapshot, configurationSHA256: String? = nil) {
        self.authenticator = authenticator
        self.keys = keys
        self.configurationSHA256 = configurationSHA256
    }
}

/// Where a server records what it does.
public struct ServerRecords: Sendable {
    /// Counts and times.
    public var metrics: ServerMetrics
    /// Lines for people.
    public var logger: Logger
    /// Receives accepted and refused decisions as JSON lines; nil for none.
    public var audit: LineWriter?

    public init(metrics: ServerMetrics, logger: Logger, audit: LineWriter? = nil) {
        self.metrics = metrics
        self.logger = logger
        self.audit = audit
    }
}

/// What the operations listener publishes.
public struct OperationsContent: Sendable {
    /// The source of `/metrics`, where the server's metrics should count; nil disables the page.
    public var registry: PrometheusRegistry?
    /// Checks of `/readyz` in addition to the server's own.
    public var readiness: [HealthCheck]
    /// The content of `/statusz` in addition to the server's figures; nil disables the page.
    public var status: (@Sendable () -> StatusInfo)?

    public init(
        registry: PrometheusRegistry?, readiness: [HealthCheck] = [], status: (@Sendable () -> StatusInfo)? = nil
    ) {
        self.registry = registry
        self.readiness = readiness
        self.status = status
    }
}
