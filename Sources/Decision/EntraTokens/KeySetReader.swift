public import JOSE
public import Jansson
internal import OpenSSL

/// Why a document is no key set at all.
public enum KeySetError: Error, Hashable, Sendable {
    case notJSON(JSONError)
    case notAKeySet
    case tooManyKeys

    public var sentence: String {
        switch self {
        case .notJSON(let error): error.sentence
        case .notAKeySet: "this is not a JWK set: it has no list named keys"
        case .tooManyKeys: "this key set has more than \(KeySetReader.maximumKeys) keys"
        }
    }
}

/// A key of a set, and whether it can be used.
public struct DescribedKey: Sendable {
    public let jwk: JWK
    public let problem: KeyProblem?
}

/// A JWK set as one tenant sees it: which keys are usable, and why the others are not.
public struct KeySetReport: Sendable {
    public let keys: [DescribedKey]
    public let usable: [SigningKey]
}

/// Reads JWK sets for a tenant. One bad key makes only itself unusable.
public enum KeySetReader {
    public static let maximumBytes = 1 << 20
    public static let maximumKeys = 1000
    /// Different keys under one ID that are kept; each of them would be tried.
    static let maximumKeysPerID = 4

    /// Reads the bytes of a JWK set.
    public static func read(_ bytes: [UInt8], trust: TenantTrust) throws(KeySetError) -> KeySetReport {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: bytes, maximumBytes: maximumBytes, maximumDepth: 8)
        } catch {
            throw .notJSON(error)
        }
        return try read(document.root, trust: trust)
    }

    /// Reads a JWK set.
    public static func read(_ set: JSONValue, trust: TenantTrust) throws(KeySetError) -> KeySetReport {
        guard let elements = set["keys"]?.array else { throw .notAKeySet }
        guard elements.count <= maximumKeys else { throw .tooManyKeys }
        var described: [DescribedKey] = []
        var usable: [SigningKey] = []
        var known: [String: [RSANumbers]] = [:]
        for element in elements {
            let jwk = JWK(element)
            do throws(KeyProblem) {
                let key = try signingKey(jwk, trust: trust)
                let numbers = RSANumbers(key.publicKey)
                // The same key may be listed twice, and a careless issuer may give one ID to two keys: both are tried.
                if known[key.keyID]?.contains(numbers) != true {
                    guard (known[key.keyID]?.count ?? 0) < maximumKeysPerID else { throw KeyProblem.tooManyOfOneID }
                    known[key.keyID, default: []].append(numbers)
                    usable.append(key)
                }
                described.append(DescribedKey(jwk: jwk, problem: nil))
            } catch {
                described.append(DescribedKey(jwk: jwk, problem: error))
            }
        }
        return KeySetReport(keys: described, usable: usable)
    }

    private static func signingKey(_ jwk: JWK, trust: TenantTrust) throws(KeyProblem) -> SigningKey {
        guard jwk.json.kind == .object, let keyType = jwk.keyType else { throw .malformed }
        guard let keyID = jwk.keyID, !keyID.isEmpty else { throw .keyIDMissing }
        guard keyType == "RSA" else { throw .keyTypeNotAllowed }
        if let use = jwk.json["use"], use.string != "sig" { throw .notForSignatures }
        if let algorithm = jwk.json["alg"], algorithm.string != "RS256" { throw .algorithmNotAllowed }
        if let name = jwk.json["cloud_instance_name"] {
            guard let name = name.string, trust.cloud.instanceNames.contains(name) else { throw .otherCloud }
        }
        if let issuer = jwk.json["issuer"] {
            guard let issuer = issuer.string, trust.vouches(forKeyIssuer: issuer) else { throw .otherIssuer }
        }
        guard let modulus = jwk.modulus, let exponent = jwk.exponent, let bits = jwk.modulusBits else {
            throw .malformed
        }
        guard bits >= 2048 else { throw .keyTooSmall }
        guard bits <= 4096 else { throw .keyTooLarge }
        guard isAllowed(exponent: exponent) else { throw .exponentNotAllowed }
        guard let key = try? PublicKey(rsaModulus: modulus, exponent: exponent) else { throw .malformed }
        return SigningKey(keyID: keyID, publicKey: key)
    }

    /// Odd, at least 65537, and at most 32 bits: small exponents have been forged with, large ones cost time.
    private static func isAllowed(exponent: [UInt8]) -> Bool {
        let significant = exponent.drop { $0 == 0 }
        guard significant.count <= 4, let last = significant.last, last & 1 == 1 else { return false }
        return significant.reduce(0) { $0 << 8 | UInt64($1) } >= 65_537
    }
}

extension TenantTrust {
    /// Whether a key with that `issuer` may sign this tenant's tokens: the issuer, with the tenant's ID in place of
    /// `{tenantid}`, must be the tenant's own.
    func vouches(forKeyIssuer issuer: String) -> Bool {
        let placeholder = "{tenantid}"
        var filled = issuer
        if let start = issuer.firstRange(of: placeholder) {
            filled = issuer[..<start.lowerBound] + tenantID.description + issuer[start.upperBound...]
        }
        return filled == self.issuer(.v2) || filled == self.issuer(.v1)
    }
}
