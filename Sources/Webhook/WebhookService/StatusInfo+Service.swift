import Configuration
import DirectoryGroups
import Entra
import OpenSSL
import SigningKeys
import Timestamps
import WebhookServer

extension StatusInfo {
    /// The active configuration, for `/statusz`.
    init(
        _ served: ServedConfiguration, version: String, fips: FIPSProvider?, keys: [TenantKeyStatus],
        watches: [WatchStatus], refused: FailedReload?, names: [String: String]
    ) {
        let (loaded, identity) = (served.loaded, served.identity)
        let statuses = Dictionary(keys.map { ($0.tenantID, $0) }, uniquingKeysWith: { first, _ in first })
        self.init(
            version: version,
            cryptography: "OpenSSL \(OpenSSLLibrary.version)" + (fips.map { ", \($0.name) \($0.version) alone" } ?? ""),
            configurationFile: loaded.path,
            configurationSHA256: loaded.contentSHA256,
            refusedConfiguration: refused?.description,
            deniedEntries: served.denyFiles.count(in: loaded.configuration, inForceAt: .now()),
            watch: Watch(watches),
            // In the configuration's order.
            tenants: loaded.configuration.tenants.map { tenant in
                let status = statuses[tenant.trust.tenantID]
                return Tenant(
                    tenantID: tenant.trust.tenantID.description,
                    cloud: tenant.trust.cloud.rawValue,
                    keyCount: status?.keyCount ?? 0,
                    lastSuccess: status?.lastSuccess,
                    nextRefresh: status?.nextRefresh,
                    problem: status?.lastError,
                    usableUntil: status?.usableUntil,
                    isOffline: status?.isOffline ?? false)
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
