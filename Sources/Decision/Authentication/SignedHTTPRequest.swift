import Entra
import EntraTokens
import JOSE
public import Jansson
public import OpenSSL
import SafeText
public import Timestamps

/// A proof-of-possession token: it contains an access token, and is signed with the key to which that token is bound.
///
/// Source: draft-ietf-oauth-signed-http-request, as MSAL implements it for kubelogin's `--pop-enabled`.
public struct SignedHTTPRequest: Sendable {
    /// The access token in `at`, as a compact JWS.
    public let accessToken: SecureBytes
    private let payload: SecureBytes
    let signature: SecureBytes
    let signingInput: SecureBytes
    let header: TokenHeader
    private let headerBytes: SecureBytes

    /// The oldest accepted proof, in seconds. kubelogin makes one for each call of the plugin.
    static var maximumAge: Int64 { 15 * 60 }

    /// The `clockSkew`, in seconds, up to which a reload may raise the setting while a proof is remembered.
    static var rememberedSkew: Int64 { 5 * 60 }

    /// Nil if the payload has no access token; it is then not a proof-of-possession token, whatever its header says.
    init?(_ token: ParsedToken, of bytes: UnsafeRawBufferPointer) {
        let inner = token.jws.untrustedPayload.withUnsafeBytes { bytes in
            UntrustedPayload.scan(bytes)?["at"]?.withStringBytes { SecureBytes(copying: $0) }
        }
        guard let inner else { return nil }
        accessToken = inner
        payload = token.jws.untrustedPayload
        signature = token.jws.signature
        signingInput = SecureBytes(copying: UnsafeRawBufferPointer(rebasing: bytes[..<token.jws.signedLength]))
        header = token.header
        headerBytes = token.jws.header
    }

    /// `u`: the host for which the proof was made, not verified.
    public var untrustedHost: String? { parsed(payload)["u"]?.string }
    /// `ts`: when the proof was made, not verified.
    public var untrustedTime: Timestamp? { parsed(payload)["ts"]?.integer.map(Timestamp.init(secondsSinceEpoch:)) }
    /// Header and payload of the proof, not verified.
    public var untrustedParts: (header: JSONValue, payload: JSONValue) { (parsed(headerBytes), parsed(payload)) }

    /// Parses what was scanned before, within the limits for untrusted payloads.
    private func parsed(_ bytes: SecureBytes) -> JSONValue {
        let document = bytes.withUnsafeBytes { try? JSONDocument(parsing: $0) }
        return (document ?? JSONDocument.emptyObject).root
    }

    /// Compares host names. They are ASCII, so only A–Z have a lower case here.
    static func isSameHost(_ one: String, _ other: String) -> Bool {
        func folded(_ byte: UInt8) -> UInt8 {
            (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
        }
        return one.utf8.elementsEqual(other.utf8) { folded($0) == folded($1) }
    }

    /// Verifies the proof around an access token that has passed all other checks.
    func verify(
        claims: EntraClaims, trust: TokenValidationRules, now: Timestamp, clockSkew: Int64
    ) throws(ProofProblem) -> ProofUse {
        let root = parsed(payload)
        guard header.isAlgorithmAllowed, header.forbidden == ["typ"] else { throw .header }
        guard let boundKeyID = claims.json["cnf"]?["kid"]?.string.map({ ExactText($0) }),
            header.keyID.map({ ExactText($0) }) == boundKeyID, let jwk = root["cnf"]?["jwk"].map(JWK.init),
            let publicKey = try? jwk.rs256PublicKey(), let thumbprint = jwk.thumbprint,
            ExactText(thumbprint) == boundKeyID
        else { throw .key }
        guard let host = root["u"]?.string, let expected = trust.clusterHost,
            SignedHTTPRequest.isSameHost(host, expected)
        else { throw .host }
        guard let time = root["ts"]?.integer else { throw .time }
        guard let nonce = root["nonce"]?.string, !nonce.isEmpty, nonce.utf8.count <= 1024 else { throw .nonce }
        let made = Timestamp(secondsSinceEpoch: time)
        let expires = made.adding(seconds: SignedHTTPRequest.maximumAge + clockSkew)
        guard now < expires, made <= now.adding(seconds: clockSkew) else { throw .time }
        let isSigned = signingInput.withUnsafeBytes { message in
            signature.withUnsafeBytes { publicKey.verify(.rs256, message: message, signature: $0) }
        }
        guard isSigned else { throw .signature }
        func digest(_ text: String) -> SHA256Digest {
            Array(text.utf8).withUnsafeBytes { SHA256Digest(hashing: $0) }
        }
        // `clockSkew` may be raised while the proof is remembered.
        let forgotten = expires.adding(seconds: max(0, SignedHTTPRequest.rememberedSkew - clockSkew))
        return ProofUse(
            key: digest(thumbprint), digest: digest("\(thumbprint)\n\(nonce)"), made: made, expires: forgotten)
    }
}

/// What is wrong with a proof. The API server sees every problem as `proof_of_possession_invalid`.
public enum ProofProblem: Error, Sendable, CaseIterable {
    case header
    case key
    case host
    case time
    case nonce
    case signature
}
