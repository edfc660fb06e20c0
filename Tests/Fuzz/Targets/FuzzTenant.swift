import AccessPolicy
import Authentication
import Entra
import EntraTokens
import JOSE
import Jansson
import OpenSSL
import SafeText
import Timestamps

/// A made-up tenant, keys that live as long as the process, and a time that stands still.
enum FuzzTenant {
    static let tenantID = "11111111-2222-3333-4444-555555555555"
    static let otherTenantID = "99999999-2222-3333-4444-555555555555"
    static let audience = "aaaaaaaa-0000-0000-0000-000000000000"
    static let otherAudience = "https://Kube.example/api"
    static let adminGroup = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
    static let mappedGroup = "9999aaaa-bbbb-cccc-dddd-eeeeffff0000"
    static let emergencyObject = "7777aaaa-bbbb-cccc-dddd-eeeeffff0000"
    static let clusterHost = "kube.example"
    static let adminGroupName = "kube-entra:cluster-admins"
    static let clockSkew: Int64 = 60
    static let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

    /// Signs the tenant's tokens as `k1`.
    static let signingKey = Result { try PrivateKey.generateRSA() }
    /// Signs the other tenant's tokens as `k2`.
    static let otherKey = Result { try PrivateKey.generateRSA() }

    static let keys = Result {
        KeySnapshot([
            guid(tenantID): TenantKeySet(
                keys: [SigningKey(keyID: "k1", publicKey: try signingKey.get().publicKey)],
                usableUntil: now.adding(seconds: 3600)),
            guid(otherTenantID): TenantKeySet(
                keys: [SigningKey(keyID: "k2", publicKey: try otherKey.get().publicKey)],
                usableUntil: now.adding(seconds: 3600)),
        ])
    }

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

    static let claims: [(String, JSON)] = [
        ("aud", .string(audience)), ("iss", .string("https://sts.windows.net/\(tenantID)/")),
        ("iat", .integer(now.secondsSinceEpoch - 300)), ("nbf", .integer(now.secondsSinceEpoch - 300)),
        ("exp", .integer(now.secondsSinceEpoch + 3600)), ("appid", "80faf920-1908-4b52-b5ef-a8e7bedfc67a"),
        ("oid", "0b1ec700-0000-0000-0000-000000000001"), ("scp", "user.read"), ("tid", .string(tenantID)),
        ("upn", "ada@example.com"), ("uti", "abc_DEF-1"), ("ver", "1.0"), ("groups", .array([.string(adminGroup)])),
    ]

    /// A compact JWS over these bytes, whatever they are.
    static func sign(header: [UInt8], payload: [UInt8], with key: PrivateKey? = nil) throws -> [UInt8] {
        var token = Array((Base64URL.encode(header) + "." + Base64URL.encode(payload)).utf8)
        let signature = try token.withUnsafeBytes { try (key ?? signingKey.get()).sign(.rs256, message: $0) }
        token.append(contentsOf: ("." + Base64URL.encode(signature)).utf8)
        return token
    }
}

/// Parsed by the strict parser, or nil.
func parsedJSON(_ bytes: [UInt8]) -> JSONDocument? { try? JSONDocument(parsing: bytes, maximumBytes: 1 << 24) }
