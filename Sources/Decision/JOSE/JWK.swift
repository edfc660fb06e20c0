public import Jansson
import OpenSSL
import SafeText

/// A JSON Web Key (RFC 7517) as a document has it. Nothing in it is trusted yet.
public struct JWK: Sendable {
    /// `kty`, for example `RSA`; nil when it is missing or not a string.
    public let keyType: String?
    /// `kid`; nil when it is missing or not a string.
    public let keyID: String?
    /// `use`: `sig` for signatures; nil when it is missing or not a string.
    public let use: String?
    /// `alg`; nil when it is missing or not a string.
    public let algorithm: String?
    /// `n` of an RSA key: big-endian, without leading zeros; nil when it is missing or not strict base64url.
    public let modulus: [UInt8]?
    /// `e` of an RSA key: big-endian, without leading zeros; nil when it is missing or not strict base64url.
    public let exponent: [UInt8]?
    /// All members, for those that a profile adds to the RFC.
    public let json: JSONValue

    /// Reads a key. Members with the wrong form are nil; nothing is thrown.
    public init(_ json: JSONValue) {
        self.json = json
        keyType = json["kty"]?.string
        keyID = json["kid"]?.string
        use = json["use"]?.string
        algorithm = json["alg"]?.string
        modulus = JWK.integer(json["n"])
        exponent = JWK.integer(json["e"])
    }

    /// Size of the RSA modulus or of the curve's field, in bits; nil for other keys.
    public var bits: Int? {
        guard keyType == "EC" else { return modulusBits }
        return switch json["crv"]?.string {
        case "P-256", "secp256k1": 256
        case "P-384": 384
        case "P-521": 521
        default: nil
        }
    }

    /// Size of the RSA modulus in bits; nil for other keys.
    public var modulusBits: Int? {
        guard let modulus, let first = modulus.first else { return nil }
        return modulus.count * 8 - first.leadingZeroBitCount
    }

    /// The RFC 7638 thumbprint with SHA-256, as base64url; nil if this is not an RSA or EC key.
    ///
    /// It depends on the numbers alone, so leading zeros in the document do not change it.
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

    /// A number in the form of RFC 7518 section 2 (Base64urlUInt). Some libraries add a leading zero, which is dropped.
    private static func integer(_ value: JSONValue?) -> [UInt8]? {
        bytes(value).map { Array($0.drop { $0 == 0 }) }
    }

    private static func bytes(_ value: JSONValue?) -> [UInt8]? {
        guard let decoded = value?.withStringBytes({ Base64URL.decode($0) }), let decoded, !decoded.isEmpty else {
            return nil
        }
        return decoded
    }
}
