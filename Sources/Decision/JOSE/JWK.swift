public import Jansson
internal import OpenSSL
internal import SafeText

/// A JSON Web Key (RFC 7517) as it stands in a document; nothing of it is believed yet.
public struct JWK: Sendable {
    public let keyType: String?
    public let keyID: String?
    public let use: String?
    public let algorithm: String?
    /// Big-endian; nil when missing or no strict base64url.
    public let modulus: [UInt8]?
    public let exponent: [UInt8]?
    /// The members as they stand, for what a profile adds to the RFC.
    public let json: JSONValue

    public init(_ json: JSONValue) {
        self.json = json
        keyType = json["kty"]?.string
        keyID = json["kid"]?.string
        use = json["use"]?.string
        algorithm = json["alg"]?.string
        modulus = JWK.bytes(json["n"])
        exponent = JWK.bytes(json["e"])
    }

    /// Size of the modulus or of the curve's field in bits; nil when there is none.
    public var bits: Int? {
        guard keyType == "EC" else { return modulusBits }
        return switch json["crv"]?.string {
        case "P-256", "secp256k1": 256
        case "P-384": 384
        case "P-521": 521
        default: nil
        }
    }

    /// Size of the modulus in bits; nil when there is none.
    public var modulusBits: Int? {
        guard let modulus, let start = modulus.firstIndex(where: { $0 != 0 }) else { return nil }
        return (modulus.count - start) * 8 - modulus[start].leadingZeroBitCount
    }

    /// The RFC 7638 thumbprint with SHA-256, base64url; nil for what is no RSA or EC key.
    public var thumbprint: String? {
        let canonical: String
        if keyType == "RSA", let modulus, let exponent {
            canonical =
                "{\"e\":\"\(Base64URL.encode(exponent))\",\"kty\":\"RSA\",\"n\":\"\(Base64URL.encode(modulus))\"}"
        } else if keyType == "EC", let x = JWK.bytes(json["x"]), let y = JWK.bytes(json["y"]), bits != nil,
            let curve = json["crv"]?.string
        {
            let (x, y) = (Base64URL.encode(x), Base64URL.encode(y))
            canonical = "{\"crv\":\"\(curve)\",\"kty\":\"EC\",\"x\":\"\(x)\",\"y\":\"\(y)\"}"
        } else {
            return nil
        }
        return Base64URL.encode(Array(canonical.utf8).withUnsafeBytes { SHA256Digest(hashing: $0) }.bytes)
    }

    private static func bytes(_ value: JSONValue?) -> [UInt8]? {
        guard let decoded = value?.withStringBytes({ Base64URL.decode($0) }), let decoded, !decoded.isEmpty else {
            return nil
        }
        return decoded
    }
}
