import Jansson
public import OpenSSL

/// Why a JWK is not an RSA key for verifying RS256 signatures.
public enum RSAKeyProblem: Error, Hashable, Sendable {
    case malformed
    case keyTypeNotAllowed
    /// `use` is not `sig`, or `key_ops` does not list `verify` (RFC 7517 sections 4.2 and 4.3).
    case notForSignatures
    case algorithmNotAllowed
    case keyTooSmall
    case keyTooLarge
    case exponentNotAllowed
}

extension JWK {
    /// Checks what the key says about itself: that it is an RSA key for verifying RS256 signatures.
    ///
    /// - Throws: ``RSAKeyProblem`` for the first thing that is wrong.
    public func checkVerifiesRS256() throws(RSAKeyProblem) {
        guard json.kind == .object, let keyType else { throw .malformed }
        guard keyType == "RSA" else { throw .keyTypeNotAllowed }
        if let use = json["use"], use.string != "sig" { throw .notForSignatures }
        if let operations = json["key_ops"] {
            guard let operations = operations.array, operations.contains(where: { $0.string == "verify" }) else {
                throw .notForSignatures
            }
        }
        if let algorithm = json["alg"], algorithm.string != "RS256" { throw .algorithmNotAllowed }
    }

    /// The key, if it is strong enough. Every RSA key is checked here, wherever it comes from: for RS256, with 2048 to
    /// 4096 bits and a safe exponent.
    ///
    /// - Throws: ``RSAKeyProblem`` for the first thing that is wrong.
    public func rs256PublicKey() throws(RSAKeyProblem) -> PublicKey {
        try checkVerifiesRS256()
        guard let modulus, let exponent, let bits = modulusBits else { throw .malformed }
        guard bits >= 2048 else { throw .keyTooSmall }
        guard bits <= 4096 else { throw .keyTooLarge }
        guard JWK.isAllowed(exponent: exponent) else { throw .exponentNotAllowed }
        guard let key = try? PublicKey(rsaModulus: modulus, exponent: exponent) else { throw .malformed }
        return key
    }

    /// Odd, at least 65537, and at most 32 bits: signatures have been forged with small exponents, and large ones cost
    /// time.
    private static func isAllowed(exponent: [UInt8]) -> Bool {
        guard exponent.count <= 4, let last = exponent.last, last & 1 == 1 else { return false }
        return exponent.reduce(0) { $0 << 8 | UInt64($1) } >= 65_537
    }
}
