internal import EntraTokens
internal import JOSE
internal import Jansson
internal import OpenSSL
internal import Timestamps

/// A proof-of-possession envelope: an access token, and a signature by the key to which the token is bound.
///
/// Source: draft-ietf-oauth-signed-http-request as MSAL implements it for kubelogin's `--pop-enabled`.
public struct ProofEnvelope: Sendable {
    public let accessToken: [UInt8]
    let payload: JSONDocument
    let signature: [UInt8]
    let signingInput: [UInt8]
    let header: TokenHeader

    /// How old a proof may be, in seconds: kubelogin makes one for each call of the plugin.
    static var maximumAge: Int64 { 15 * 60 }

    /// Nil when the payload carries no access token, so that it is no envelope whatever its header says.
    init?(_ token: ParsedToken) {
        guard let payload = try? JSONDocument(parsing: token.jws.untrustedPayload),
            let inner = payload.root["at"]?.string
        else { return nil }
        accessToken = Array(inner.utf8)
        self.payload = payload
        signature = token.jws.signature
        signingInput = token.signingInput
        header = token.header
    }

    /// Checks the envelope around an access token that has passed all other checks; nil when anything is wrong.
    func verify(claims: EntraClaims, trust: TenantTrust, now: Timestamp, clockSkew: Int64) -> ProofUse? {
        let root = payload.root
        guard header.isAlgorithmAllowed, header.forbidden == ["typ"],
            let boundKeyID = claims.json["cnf"]?["kid"]?.string, header.keyID == boundKeyID,
            let jwk = root["cnf"]?["jwk"], let key = ProofKey(jwk), key.thumbprint == boundKeyID,
            let host = root["u"]?.string, let expected = trust.clusterHost,
            host.lowercased() == expected.lowercased(),
            let time = root["ts"]?.integer, let nonce = root["nonce"]?.string, !nonce.isEmpty, nonce.utf8.count <= 1024
        else { return nil }
        let made = Timestamp(secondsSinceEpoch: time)
        let expires = made.adding(seconds: ProofEnvelope.maximumAge + clockSkew)
        guard now < expires, made <= now.adding(seconds: clockSkew) else { return nil }
        let isSigned = signingInput.withUnsafeBytes { message in
            signature.withUnsafeBytes { key.publicKey.verify(.rs256, message: message, signature: $0) }
        }
        guard isSigned else { return nil }
        let use = Array("\(key.thumbprint)\n\(nonce)".utf8)
        return ProofUse(digest: use.withUnsafeBytes { SHA256Digest(hashing: $0) }, expires: expires)
    }
}

/// The RSA key of an envelope, held to the same limits as Entra's keys.
private struct ProofKey {
    let publicKey: PublicKey
    /// RFC 7638, SHA-256.
    let thumbprint: String

    init?(_ jwk: JSONValue) {
        guard jwk["kty"]?.string == "RSA",
            let modulusText = jwk["n"]?.string, let exponentText = jwk["e"]?.string,
            let modulus = Array(modulusText.utf8).withUnsafeBytes({ Base64URL.decode($0) }),
            let exponent = Array(exponentText.utf8).withUnsafeBytes({ Base64URL.decode($0) }),
            (256...512).contains(modulus.count), modulus.first != 0, modulus.count > 256 || modulus[0] >= 0x80,
            (3...4).contains(exponent.count), exponent.first != 0, let last = exponent.last, last & 1 == 1,
            exponent.reduce(0, { $0 << 8 | UInt64($1) }) >= 65_537,
            let key = try? PublicKey(rsaModulus: modulus, exponent: exponent)
        else { return nil }
        publicKey = key
        let canonical = Array("{\"e\":\"\(exponentText)\",\"kty\":\"RSA\",\"n\":\"\(modulusText)\"}".utf8)
        thumbprint = Base64URL.encode(canonical.withUnsafeBytes { SHA256Digest(hashing: $0) }.bytes)
    }
}
