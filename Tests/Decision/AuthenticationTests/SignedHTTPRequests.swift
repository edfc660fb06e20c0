import JOSE
import Jansson
import OpenSSL
import SafeText
import TestSupport
import Timestamps

/// Makes tokens bound to a key, and proof-of-possession tokens around them.
struct SignedHTTPRequests {
    static let host = "cluster.example"

    /// A client's own key, as MSAL makes one.
    struct ClientKey {
        let privateKey: PrivateKey
        let jwk: [(String, JSON)]
        let thumbprint: String

        init(_ privateKey: PrivateKey, changes: [(String, JSON?)] = []) throws {
            self.privateKey = privateKey
            let key = privateKey.publicKey
            jwk = TestTokens.members(
                [
                    ("kty", "RSA"), ("n", .string(Base64URL.encode(key.rsaModulus ?? []))),
                    ("e", .string(Base64URL.encode(key.rsaExponent ?? []))),
                ], changes)
            thumbprint = JWK(try JSONDocument(parsing: JSON.object(jwk).render()).root).thumbprint ?? ""
        }
    }

    static let client = Result { try ClientKey(.generateRSA()) }
    static let thief = Result { try ClientKey(.generateRSA()) }

    /// An access token bound to a key.
    static func boundToken(to thumbprint: String, claims: [(String, JSON?)] = []) throws -> String {
        try TestTokens.token(claims: [("cnf", .object([("kid", .string(thumbprint))]))] + claims)
    }

    /// A proof-of-possession token as kubelogin makes it, with changes.
    static func envelope(
        around token: String,
        key: ClientKey,
        header: [(String, JSON?)] = [],
        payload: [(String, JSON?)] = [],
        signedWith signer: PrivateKey? = nil
    ) throws -> String {
        let header = TestTokens.members(
            [("typ", "pop"), ("alg", "RS256"), ("kid", .string(key.thumbprint))], header)
        let payload = TestTokens.members(
            [
                ("at", .string(token)), ("ts", .integer(TestTokens.now.secondsSinceEpoch)), ("u", .string(host)),
                ("cnf", .object([("jwk", .object(key.jwk))])), ("nonce", "n-1"),
            ], payload)
        return try TestTokens.sign(
            header: JSON.object(header).render(), payload: JSON.object(payload).render(),
            key: signer ?? key.privateKey)
    }
}
