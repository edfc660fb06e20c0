import AccessPolicy
import Authentication
import Entra
import EntraTokens
import JOSE
import Jansson
import OpenSSL
import SafeText
import Timestamps

/// Makes tokens and the keys, rules and time to judge them by.
enum Forge {
    static let tenantID = "11111111-2222-3333-4444-555555555555"
    static let otherTenantID = "99999999-2222-3333-4444-555555555555"
    static let audience = "aaaaaaaa-0000-0000-0000-000000000000"
    static let client = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"
    static let objectID = "0b1ec700-0000-0000-0000-000000000001"
    static let adminGroup = "5d24aaaa-bbbb-cccc-dddd-eeeeafa27aed"
    static let developerGroup = "9999aaaa-bbbb-cccc-dddd-eeeeffff0000"
    static let plainGroup = "77777777-bbbb-cccc-dddd-eeeeffff0000"
    static let now = Timestamp(secondsSinceEpoch: 1_800_000_000)

    static let key = Result { try PrivateKey.generateRSA() }
    static let foreignKey = Result { try PrivateKey.generateRSA() }

    static func guid(_ text: String) -> GUID { GUID(text) ?? unknown }
    private static let unknown = GUID("00000000-0000-0000-0000-000000000000") ?? guid("")

    static func settings(_ change: (inout TenantConfiguration) -> Void = { _ in }) -> AuthenticationSettings {
        var first = TenantConfiguration(
            trust: TokenValidationRules(tenantID: guid(tenantID), audiences: [audience]),
            policy: TenantPolicy(
                adminGroupObjectIDs: [guid(adminGroup)],
                groupMappings: [
                    GroupMapping(groupObjectID: guid(developerGroup), kubernetesGroups: ["developers"])
                ],
                appRoleMappings: [AppRoleMapping(appRole: "Cluster.Viewer", kubernetesGroups: ["viewers"])]
            ))
        change(&first)
        let second = TenantConfiguration(
            trust: TokenValidationRules(tenantID: guid(otherTenantID), audiences: [audience]), policy: TenantPolicy())
        return AuthenticationSettings(tenants: [first, second])
    }

    static func keys(usableUntil: Timestamp = Timestamp(secondsSinceEpoch: .max)) throws -> KeySnapshot {
        KeySnapshot([
            guid(tenantID): TenantKeySet(
                keys: [SigningKey(keyID: "k1", publicKey: try key.get().publicKey)], usableUntil: usableUntil),
            guid(otherTenantID): TenantKeySet(
                keys: [SigningKey(keyID: "k2", publicKey: try foreignKey.get().publicKey)], usableUntil: usableUntil),
        ])
    }

    static let header: [(String, JSON)] = [("typ", "JWT"), ("alg", "RS256"), ("kid", "k1")]

    static let claims: [(String, JSON)] = [
        ("aud", .string(audience)), ("iss", .string("https://sts.windows.net/\(tenantID)/")),
        ("iat", .integer(now.secondsSinceEpoch - 300)), ("nbf", .integer(now.secondsSinceEpoch - 300)),
        ("exp", .integer(now.secondsSinceEpoch + 3600)), ("appid", .string(client)), ("appidacr", "0"),
        ("oid", .string(objectID)), ("scp", "user.read"), ("tid", .string(tenantID)),
        ("upn", "ada@example.com"), ("uti", "abc_DEF-1"), ("ver", "1.0"),
        ("groups", .array([.string(plainGroup), .string(adminGroup)])),
    ]

    /// Replaces members, and leaves those out whose value is nil.
    static func members(_ base: [(String, JSON)], _ changes: [(String, JSON?)]) -> [(String, JSON)] {
        var result = base
        for (name, value) in changes {
            let place = result.firstIndex { $0.0 == name }
            switch (place, value) {
            case (let place?, let value?): result[place].1 = value
            case (let place?, nil): result.remove(at: place)
            case (nil, let value?): result.append((name, value))
            case (nil, nil): break
            }
        }
        return result
    }

    static func token(
        header headerChanges: [(String, JSON?)] = [],
        claims claimChanges: [(String, JSON?)] = [],
        key: PrivateKey? = nil
    ) throws -> String {
        try sign(
            header: JSON.object(members(header, headerChanges)).render(),
            payload: JSON.object(members(claims, claimChanges)).render(),
            key: key)
    }

    static func sign(header: [UInt8], payload: [UInt8], key: PrivateKey? = nil) throws -> String {
        let input = Base64URL.encode(header) + "." + Base64URL.encode(payload)
        let signer = try key ?? Forge.key.get()
        let signature = try Array(input.utf8).withUnsafeBytes { bytes in
            try signer.sign(.rs256, message: bytes)
        }
        return input + "." + Base64URL.encode(signature)
    }

    static func hashed(_ token: String) -> HashedToken {
        HashedToken(Array(token.utf8).withUnsafeBytes { SecureBytes(copying: $0) })
    }

    static func decide(
        _ token: String,
        settings: AuthenticationSettings = settings(),
        keys: KeySnapshot? = nil,
        now: Timestamp = now,
        resolvedGroups: [GUID]? = nil
    ) throws -> Decision {
        let keys = try keys ?? Forge.keys()
        let authenticator = Authenticator(settings)
        let decision = Array(token.utf8).withUnsafeBytes {
            authenticator.decide(token: $0, keys: keys, now: now, resolvedGroups: resolvedGroups)
        }
        // Hashed before or while it is judged, a token is the same.
        let hashed = authenticator.decide(hashed(token), keys: keys, now: now, resolvedGroups: resolvedGroups)
        guard hashed.outcome == decision.outcome else { throw Disagreement(decision.reason, hashed.reason) }
        let examined = Array(token.utf8).withUnsafeBytes {
            authenticator.examine(token: $0, keys: keys, now: now, resolvedGroups: resolvedGroups)
        }
        // Explaining and deciding are one: a difference is a defect of the first order.
        guard examined.reason == decision.reason else { throw Disagreement(decision.reason, examined.reason) }
        return decision
    }

    struct Disagreement: Error {
        let decided: RefusalReason?
        let examined: RefusalReason?

        init(_ decided: RefusalReason?, _ examined: RefusalReason?) {
            self.decided = decided
            self.examined = examined
        }
    }
}
