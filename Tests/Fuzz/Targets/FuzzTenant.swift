import AccessPolicy
import Authentication
import Entra
import EntraTokens
import JOSE
import Jansson
import OpenSSL
import TestSupport
import Timestamps

/// A made-up tenant, keys that live as long as the process, and a time that stands still.
enum FuzzTenant {
    static let tenantID = TestTenant.id
    static let otherTenantID = TestTenant.otherID
    static let audience = TestTenant.audience
    static let otherAudience = "https://Kube.example/api"
    static let adminGroup = TestTenant.adminGroup
    static let mappedGroup = TestTenant.developerGroup
    static let emergencyObject = "7777aaaa-bbbb-cccc-dddd-eeeeffff0000"
    static let clusterHost = "kube.example"
    static let adminGroupName = "kube-entra:cluster-admins"
    static let clockSkew: Int64 = 60
    static let now = TestTokens.now

    /// Signs the tenant's tokens as `k1`.
    static let signingKey = TestTenant.key
    /// Signs the other tenant's tokens as `k2`.
    static let otherKey = TestTenant.otherKey

    static let keys = Result { try TestTenant.keys(usableUntil: now.adding(seconds: 3600)) }

    static func guid(_ text: String) -> GUID { require(GUID(text), "\(text) is a GUID") }

    /// Settings for two tenants; `change` is for the first.
    static func settings(_ change: (inout TenantConfiguration) -> Void = { _ in }) -> AuthenticationSettings {
        var first = TenantConfiguration(
            trust: TokenValidationRules(tenantID: guid(tenantID), audiences: [audience, otherAudience]),
            policy: TenantPolicy(
                adminGroupObjectIDs: [guid(adminGroup)],
                groupMappings: [
                    GroupMapping(groupObjectID: guid(mappedGroup), kubernetesGroups: ["system:masters", "developers"])
                ],
                appRoleMappings: [AppRoleMapping(appRole: "Cluster.Viewer", kubernetesGroups: ["viewers"])],
                emergencyAccess: [
                    EmergencyEntry(
                        objectID: guid(emergencyObject), until: now.adding(seconds: 600),
                        kubernetesGroups: ["emergency"], reason: "incident \"4711\"")
                ]))
        change(&first)
        let second = TenantConfiguration(
            trust: TokenValidationRules(tenantID: guid(otherTenantID), audiences: [audience]), policy: TenantPolicy())
        return AuthenticationSettings(tenants: [first, second], clockSkew: clockSkew)
    }

    static func authenticator(_ change: (inout TenantConfiguration) -> Void = { _ in }) -> Authenticator {
        Authenticator(settings(change))
    }

    static let header = Array("{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"k1\"}".utf8)

    static let claims = TestTokens.members(
        TestTokens.claims, [("appidacr", nil), ("groups", .array([.string(adminGroup)]))])

    /// A compact JWS over these bytes, whatever they are.
    static func sign(header: [UInt8], payload: [UInt8], with key: PrivateKey? = nil) throws -> [UInt8] {
        Array(try TestTokens.sign(header: header, payload: payload, key: key ?? signingKey.get()).utf8)
    }
}

/// Parsed by the strict parser, or nil.
func parsedJSON(_ bytes: [UInt8]) -> JSONDocument? { try? JSONDocument(parsing: bytes, maximumBytes: 1 << 24) }
