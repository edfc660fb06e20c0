internal import Configuration
internal import DirectoryGroups
internal import Entra
internal import OpenSSL
internal import SigningKeys
internal import Timestamps
internal import WebhookServer

extension StatusInfo {
    /// The active configuration, for `/statusz`.
    init(
        _ loaded: LoadedConfiguration, version: String, fips: FIPSProvider?, identity: ServerIdentity,
        keys: [TenantKeyStatus], denied: DenyFiles, watches: [WatchStatus], refused: FailedReload?,
        names: [String: String]
    ) {
        let clouds = Dictionary(
            loaded.configuration.tenants.map { ($0.trust.tenantID, $0.trust.cloud) },
            uniquingKeysWith: { first, _ in first })
        self.init(
            version: version,
            cryptography: "OpenSSL \(OpenSSLLibrary.version)" + (fips.map { ", \($0.name) \($0.version) alone" } ?? ""),
            configurationFile: loaded.path,
            configurationSHA256: loaded.contentSHA256,
            refusedConfiguration: refused?.description,
            deniedEntries: denied.count(in: loaded.configuration, inForceAt: .now()),
            watch: Watch(watches),
            tenants: keys.map { status in
                Tenant(
                    tenantID: status.tenantID.description,
                    cloud: clouds[status.tenantID]?.rawValue ?? "",
                    keyCount: status.keyCount,
                    lastSuccess: status.lastSuccess,
                    nextRefresh: status.nextRefresh,
                    problem: status.lastError,
                    usableUntil: status.usableUntil,
                    isOffline: status.isOffline)
            },
            certificates: [Certificate("server.certificate", identity.certificate)]
                + identity.clientAuthorities.map { Certificate("server.clientCA", $0) },
            names: names)
    }
}

extension StatusInfo.Certificate {
    fileprivate init(_ field: String, _ certificate: OpenSSL.Certificate) {
        self.init(field: field, subject: certificate.subject, expires: certificate.notAfter)
    }
}

extension StatusInfo.Watch {
    /// All tenants together; nil if nobody is watched.
    fileprivate init?(_ watches: [WatchStatus]) {
        guard !watches.isEmpty else { return nil }
        let forbidden = Set(watches.compactMap(\.forbidden)).sorted()
        self.init(
            principals: watches.reduce(0) { $0 + $1.principals },
            oldestAnswer: watches.compactMap(\.oldestAnswer).min(),
            changedCount: watches.reduce(0) { $0 + $1.changedCount },
            forbidden: forbidden.isEmpty ? nil : forbidden.joined(separator: "; "))
    }
}
