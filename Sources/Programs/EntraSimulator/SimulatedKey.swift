import JOSE
public import Jansson
public import OpenSSL
import SafeText
import Timestamps

/// A signing key like Entra's: RSA-2048 with a self-signed certificate, whose SHA-1 thumbprint is the key ID.
public struct SimulatedKey: Sendable {
    /// Signs the tokens.
    public let privateKey: PrivateKey
    /// `kid`: the certificate's SHA-1 thumbprint, in base64url.
    public let keyID: String
    private let certificate: Certificate

    /// Generates a key.
    public init() throws {
        privateKey = try PrivateKey.generateRSA()
        let now = Timestamp.now()
        certificate = try Certificate.selfSigned(
            CertificateContents(
                subject: CertificateName(commonName: "accounts.accesscontrol.windows.net"),
                notBefore: now.adding(seconds: -86_400), notAfter: now.adding(seconds: 5 * 365 * 86_400),
                profile: .server), key: privateKey)
        keyID = Base64URL.encode(certificate.der.withUnsafeBytes { Digests.sha1($0) })
    }

    /// The key as in a key set. Entra names no algorithm.
    public func jwk(issuer: String?) -> JSON {
        let key = privateKey.publicKey
        var members: [(String, JSON)] = [
            ("kty", "RSA"), ("use", "sig"), ("kid", .string(keyID)), ("x5t", .string(keyID)),
            ("n", .string(Base64URL.encode(key.rsaModulus ?? []))),
            ("e", .string(Base64URL.encode(key.rsaExponent ?? []))),
            ("x5c", .array([.string(SimulatedKey.base64(certificate.der))])),
        ]
        if let issuer { members.append(("issuer", .string(issuer))) }
        return .object(members)
    }

    /// Only the key, as a proof-of-possession token contains it.
    var bareJWK: JSON {
        let key = privateKey.publicKey
        return .object([
            ("kty", "RSA"), ("n", .string(Base64URL.encode(key.rsaModulus ?? []))),
            ("e", .string(Base64URL.encode(key.rsaExponent ?? []))),
        ])
    }

    /// RFC 7638, SHA-256.
    var thumbprint: String {
        let key = privateKey.publicKey
        let (n, e) = (Base64URL.encode(key.rsaModulus ?? []), Base64URL.encode(key.rsaExponent ?? []))
        let canonical = Array("{\"e\":\"\(e)\",\"kty\":\"RSA\",\"n\":\"\(n)\"}".utf8)
        return Base64URL.encode(canonical.withUnsafeBytes { SHA256Digest(hashing: $0) }.bytes)
    }

    /// The standard alphabet with padding, as required for `x5c` (RFC 7517 section 4.7).
    private static func base64(_ bytes: [UInt8]) -> String {
        let text = Base64URL.encode(bytes).map { $0 == "-" ? "+" : $0 == "_" ? "/" : $0 }
        return String(text) + String(repeating: "=", count: (4 - text.count % 4) % 4)
    }

    /// Signs a token with this header and these claims.
    public func sign(header: JSON, claims: JSON) throws -> String {
        let signed = Base64URL.encode(header.render()) + "." + Base64URL.encode(claims.render())
        let signature = try Array(signed.utf8).withUnsafeBytes { try privateKey.sign(.rs256, message: $0) }
        return signed + "." + Base64URL.encode(signature)
    }
}
