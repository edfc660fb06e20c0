import AccessPolicy
public import Authentication
public import Entra
public import EntraTokens
public import OpenSSL
import SafeText
public import Timestamps

/// A tenant that does not exist: its IDs, its signing key, and the settings of a cluster that trusts it.
public enum TestTenant {
    /// The tenant's ID.
    public static let id = "11111111-2222-3333-4444-555555555555"
    /// The ID of another tenant, which is trusted too.
    public static let otherID = "99999999-2222-3333-4444-555555555555"
    /// The server application, for which tokens are issued.
    public static let audience = "aaaaaaaa-0000-0000-0000-000000000000"
    /// The application that users sign in with: kubelogin.
    public static let client = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
    /// The user's object ID.
    public static let objectID = "0b1ec700-0000-0000-0000-000000000001"
    /// The group whose members are admins.
    public static let adminGroup = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
    /// The group that is mapped to `developers`.
    public static let developerGroup = "9999aaaa-bbbb-cccc-dddd-eeeeffff0000"
    /// A group that no setting names.
    public static let plainGroup = "77777777-bbbb-cccc-dddd-eeeeffff0000"

    /// Signs the tenant's tokens, as `k1`.
    public static let key = Result { try PrivateKey.generateRSA() }
    /// Signs the other tenant's tokens, as `k2`.
    public static let otherKey = Result { try PrivateKey.generateRSA() }

    /// The ID that a test writes as text. Stops the test run if the text is not an ID.
    public static func guid(_ text: String) -> GUID {
        guard let guid = GUID(text) else { preconditionFailure("\(text) is not a GUID") }
        return guid
    }

    /// Settings that trust the tenant, with a change, and the other tenant, which has no rules.
    public static func settings(_ change: (inout TenantConfiguration) -> Void = { _ in }) -> AuthenticationSettings {
        var first = TenantConfiguration(
            trust: TokenValidationRules(tenantID: guid(id), audiences: [audience]),
            policy: TenantPolicy(
                adminGroupObjectIDs: [guid(adminGroup)],
                groupMappings: [
                    GroupMapping(groupObjectID: guid(developerGroup), kubernetesGroups: ["developers"])
                ],
                appRoleMappings: [AppRoleMapping(appRole: "Cluster.Viewer", kubernetesGroups: ["viewers"])]
            ))
        change(&first)
        let second = TenantConfiguration(
            trust: TokenValidationRules(tenantID: guid(otherID), audiences: [audience]), policy: TenantPolicy())
        return AuthenticationSettings(tenants: [first, second])
    }

    /// Settings that trust the tenant alone and map its admin group only, with a change.
    public static func aloneSettings(
        _ change: (inout TenantConfiguration) -> Void = { _ in }
    ) -> AuthenticationSettings {
        var rules = TenantConfiguration(
            trust: TokenValidationRules(tenantID: guid(id), audiences: [audience]),
            policy: TenantPolicy(adminGroupObjectIDs: [guid(adminGroup)]))
        change(&rules)
        return AuthenticationSettings(tenants: [rules])
    }

    /// The keys of both tenants.
    public static func keys(usableUntil: Timestamp = Timestamp(secondsSinceEpoch: .max)) throws -> KeySnapshot {
        KeySnapshot([
            guid(id): TenantKeySet(
                keys: [SigningKey(keyID: "k1", publicKey: try key.get().publicKey)], usableUntil: usableUntil),
            guid(otherID): TenantKeySet(
                keys: [SigningKey(keyID: "k2", publicKey: try otherKey.get().publicKey)], usableUntil: usableUntil),
        ])
    }

    /// The keys of the tenant alone.
    public static func ownKeys() throws -> KeySnapshot {
        KeySnapshot(try keys().keySets.filter { $0.key == guid(id) })
    }
}
