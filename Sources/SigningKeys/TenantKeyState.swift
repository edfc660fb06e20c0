public import EntraTokens
internal import JOSE
internal import NIOCore
internal import OpenSSL
public import Timestamps

/// What is known of one tenant's keys, for readiness, metrics and the status page.
public struct TenantKeyStatus: Hashable, Sendable {
    public var tenantID: GUID
    /// Usable key IDs, each counted once.
    public var keyCount = 0
    public var lastSuccess: Timestamp?
    public var usableUntil: Timestamp?
    /// Why the last attempt failed; nil after a success.
    public var lastError: String?
    public var nextRefresh: Timestamp?
    public var isOffline: Bool

    /// Whether tokens can be checked at that time.
    public func isUsable(now: Timestamp) -> Bool {
        keyCount > 0 && (usableUntil.map { now < $0 } ?? false)
    }
}

/// One tenant's keys over time: what the fetches brought, and when another one may start. Pure; its owner acts.
struct TenantKeyState: Sendable {
    struct VersionSet: Sendable {
        var report: KeySetReport
        var fetchedAt: Timestamp
    }

    let trust: TenantTrust
    /// Seconds.
    let maximumAge: Int64
    let unknownKeyRefreshInterval: Duration
    private(set) var sets: [TokenVersion: VersionSet] = [:]
    private(set) var isFetching = false
    private var lastExtraFetch: NIODeadline?

    init(trust: TenantTrust, maximumAge: Int64, unknownKeyRefreshInterval: Duration) {
        self.trust = trust
        self.maximumAge = maximumAge
        self.unknownKeyRefreshInterval = unknownKeyRefreshInterval
    }

    enum ExtraFetch: Hashable {
        case start
        case join
        case refuse
    }

    /// Whether an unknown key ID may cause a fetch now.
    mutating func extraFetch(at uptime: NIODeadline) -> ExtraFetch {
        if isFetching { return .join }
        if let lastExtraFetch, uptime - lastExtraFetch < TimeAmount(unknownKeyRefreshInterval) { return .refuse }
        lastExtraFetch = uptime
        isFetching = true
        return .start
    }

    /// False when a fetch is already under way.
    mutating func startFetch() -> Bool {
        guard !isFetching else { return false }
        isFetching = true
        return true
    }

    mutating func endFetch() {
        isFetching = false
    }

    /// Takes what a fetch brought. A version that failed keeps its last good set until that is too old.
    mutating func take(_ report: KeySetReport, for version: TokenVersion, at time: Timestamp) {
        sets[version] = VersionSet(report: report, fetchedAt: time)
    }

    /// Takes the sets of another configuration's state of the same tenant, and its restraint.
    mutating func take(_ former: TenantKeyState) {
        sets = former.sets
        lastExtraFetch = former.lastExtraFetch
    }

    mutating func dropOutdated(now: Timestamp) {
        sets = sets.filter { now < $0.value.fetchedAt.adding(seconds: maximumAge) }
    }

    var lastSuccess: Timestamp? { sets.values.map(\.fetchedAt).max() }

    /// The union of both versions' usable keys; nil when there is none.
    var keySet: TenantKeySet? {
        guard let lastSuccess else { return nil }
        var keys: [SigningKey] = []
        var known: Set<[UInt8]> = []
        for version in [TokenVersion.v2, .v1] {
            for key in sets[version]?.report.usable ?? [] {
                let identity = Array(key.keyID.utf8) + [0] + (key.publicKey.rsaModulus ?? [])
                if known.insert(identity).inserted { keys.append(key) }
            }
        }
        return TenantKeySet(keys: keys, usableUntil: lastSuccess.adding(seconds: maximumAge))
    }

    /// The usable keys as they stand in the documents, each once.
    var usableJWKs: [JWK] {
        var known: Set<String> = []
        var jwks: [JWK] = []
        for version in [TokenVersion.v2, .v1] {
            for key in sets[version]?.report.keys ?? [] where key.problem == nil {
                let identity = (key.jwk.keyID ?? "") + " " + (key.jwk.thumbprint ?? "")
                if known.insert(identity).inserted { jwks.append(key.jwk) }
            }
        }
        return jwks
    }
}
