public import Entra
import Jansson
import NIOConcurrencyHelpers

/// A tenant with its signing keys, which can be rotated at any time.
public final class SimulatedTenant: Sendable {
    /// The tenant's ID.
    public let tenantID: GUID
    /// Base of its URLs, without a trailing slash.
    public let authority: String
    private let keys: NIOLockedValueBox<[SimulatedKey]>

    /// A tenant with one new key.
    public init(tenantID: GUID, authority: String) throws {
        self.tenantID = tenantID
        self.authority = authority
        keys = NIOLockedValueBox([try SimulatedKey()])
    }

    /// The `iss` of its tokens of that version.
    public func issuer(_ version: TokenVersion) -> String {
        TokenValidationRules(tenantID: tenantID, authority: authority, audiences: []).issuer(version)
    }

    /// The key that signs new tokens.
    public var currentKey: SimulatedKey? { keys.withLockedValue { $0.last } }

    /// Adds a key that signs from now on, and removes the oldest on request.
    public func rotate(removingOldest: Bool = false) throws {
        let key = try SimulatedKey()
        keys.withLockedValue { keys in
            keys.append(key)
            if removingOldest { keys.removeFirst() }
        }
    }

    /// The document at a path below the tenant's base; nil if there is none.
    func document(_ path: String) -> JSON? {
        switch path {
        case ".well-known/openid-configuration": metadata(.v1)
        case "v2.0/.well-known/openid-configuration": metadata(.v2)
        case "discovery/keys": keySet(.v1)
        case "discovery/v2.0/keys": keySet(.v2)
        default: nil
        }
    }

    /// The OpenID configuration of a version.
    func metadata(_ version: TokenVersion) -> JSON {
        let base = "\(authority)/\(tenantID)"
        return .object([
            ("issuer", .string(issuer(version))),
            ("authorization_endpoint", .string("\(base)/oauth2/v2.0/authorize")),
            ("token_endpoint", .string("\(base)/oauth2/v2.0/token")),
            (
                "jwks_uri",
                .string(version == .v1 ? "\(base)/discovery/keys" : "\(base)/discovery/v2.0/keys")
            ),
            ("id_token_signing_alg_values_supported", .array(["RS256"])),
        ])
    }

    /// The key set of a version; that of version 1.0 names no issuers.
    func keySet(_ version: TokenVersion) -> JSON {
        let issuer = version == .v2 ? "\(authority)/{tenantid}/v2.0" : nil
        return .object([("keys", .array(keys.withLockedValue { $0 }.map { $0.jwk(issuer: issuer) }))])
    }
}
