import AccessPolicy
import Authentication
import Entra
import EntraTokens
import Jansson
import SafeText
import Timestamps

/// Settings that fit a token, if there is no configuration: its own values are accepted.
enum InferredSettings {
    static func settings(for token: [UInt8]) -> AuthenticationSettings {
        let open = AuthenticationSettings(tenants: [])
        let first = token.withUnsafeBytes {
            Authenticator(open).examine(token: $0, keys: nil, now: .init(secondsSinceEpoch: 0))
        }
        guard let claims = first.claims, let issuer = claims.issuer.flatMap(EntraIssuer.init) else { return open }
        let trust = TokenValidationRules(
            tenantID: issuer.tenantID,
            cloud: issuer.cloud ?? .public,
            authority: issuer.cloud == nil ? issuer.base : nil,
            audiences: claims.audience.map { [$0] } ?? [],
            subjects: Set(SubjectKind.allCases),
            maximumTokenLifetime: .max,
            groupOverage: .ignore,
            proofOfPossession: first.envelope == nil ? .off : .accept,
            clusterHost: first.envelope?.untrustedHost)
        return AuthenticationSettings(tenants: [TenantConfiguration(trust: trust, policy: .init())])
    }
}

/// The parts of an issuer: `BASE/TENANT/` in version 1.0, `BASE/TENANT/v2.0` in version 2.0.
struct EntraIssuer {
    let base: String
    let tenantID: GUID
    let version: TokenVersion
    /// Nil if no cloud has this base.
    let cloud: Cloud?

    init?(_ issuer: String) {
        let isV2 = issuer.hasSuffix("/v2.0")
        guard issuer.hasPrefix("https://"), isV2 || issuer.hasSuffix("/") else { return nil }
        let path = issuer.dropLast(isV2 ? 5 : 1)
        guard let slash = path.lastIndex(of: "/"), let id = GUID(String(path[path.index(after: slash)...])) else {
            return nil
        }
        let base = String(path[..<slash])
        self.base = base
        tenantID = id
        version = isV2 ? .v2 : .v1
        // An inferred issuer must have exactly the tenant's spelling, so a GUID in upper case does not count.
        guard issuer.hasSuffix("/\(id)\(isV2 ? "/v2.0" : "/")") else { return nil }
        cloud = Cloud.allCases.first { ExactText(isV2 ? $0.authority : $0.legacyIssuerBase) == ExactText(base) }
    }
}
