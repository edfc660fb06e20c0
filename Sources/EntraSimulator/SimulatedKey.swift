internal import JOSE
public import Jansson
public import OpenSSL
internal import Timestamps

/// A signing key as Entra has them: RSA-2048 with a self-signed certificate, whose SHA-1 thumbprint is the key ID.
public struct SimulatedKey: Sendable {
    public let privateKey: PrivateKey
    public let keyID: String
    private let certificate: Certificate

    public init() throws {
        privateKey = try PrivateKey.generateRSA()
        let now = Timestamp.now()
        certificate = try Certificate.selfSigned(
            subject: CertificateName(commonName: "accounts.accesscontrol.windows.net"),
            key: privateKey,
            sans: [],
            notBefore: now.adding(seconds: -86_400),
            notAfter: now.adding(seconds: 5 * 365 * 86_400),
            profile: .server)
        keyID = Base64URL.encode(certificate.der.withUnsafeBytes { Digests.sha1($0) })
    }

    /// The key as a key set lists it. Entra names no algorithm.
    public func jwk(issuer: String?) -> JSON {
        let key = privateKey.publicKey
        var members: [(String, JSON)] = [
            ("kty", "RSA"), ("use", "sig"), ("kid", .string(keyID)), ("x5t", .string(keyID)),
            ("n", .string(Base64URL.encode(key.rsaModulus ?? []))),
            ("e", .string(Base64URL.encode(key.rsaExponent ?? []))),
        ]
        if let issuer { members.append(("issuer", .string(issuer))) }
        return .object(members)
    }

    /// Signs a token whose header and claims are given.
    public func sign(header: JSON, claims: JSON) throws -> String {
        let signed = Base64URL.encode(header.render()) + "." + Base64URL.encode(claims.render())
        let signature = try Array(signed.utf8).withUnsafeBytes { try privateKey.sign(.rs256, message: $0) }
        return signed + "." + Base64URL.encode(signature)
    }
}
