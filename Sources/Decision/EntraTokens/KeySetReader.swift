public import Entra
public import JOSE
public import Jansson
import OpenSSL
import SafeText

/// Why a document is not a key set at all.
public enum KeySetError: Error, Hashable, Sendable {
    case notJSON(JSONError)
    case notAKeySet
    case tooManyKeys

    /// What is wrong, for people. Contains nothing of the document.
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
    /// The key as the document has it.
    public let jwk: JWK
    /// Why the key cannot be used; nil for a usable key.
    public let problem: KeyProblem?
}

/// A JWK set as one tenant sees it: which keys are usable, and why the others are not.
public struct KeySetReport: Sendable {
    /// Every key, in the order of the document.
    public let keys: [DescribedKey]
    /// The keys that may verify this tenant's signatures, without duplicates.
    public let usable: [SigningKey]
}

/// Reads JWK sets for a tenant. A bad key makes only itself unusable.
public enum KeySetReader {
    /// The largest document that is read: 1 MiB.
    public static let maximumBytes = 1 << 20
    /// The largest number of keys in one set.
    public static let maximumKeys = 1000
    /// Number of different keys kept under one ID; each of them is tried.
    static let maximumKeysPerID = 4

    /// Reads a JWK set (RFC 7517 section 5) from bytes.
    ///
    /// - Throws: ``KeySetError`` if the document is not a JWK set. A key that cannot be used is part of the report
    ///   instead.
    public static func read(_ bytes: [UInt8], trust: TokenValidationRules) throws(KeySetError) -> KeySetReport {
        let document: JSONDocument
        do {
            document = try JSONDocument(parsing: bytes, maximumBytes: maximumBytes, maximumDepth: 8)
        } catch {
            throw .notJSON(error)
        }
        return try read(document.root, trust: trust)
    }

    /// Reads a JWK set from a parsed document.
    ///
    /// - Throws: ``KeySetError`` if the document is not a JWK set.
    public static func read(_ set: JSONValue, trust: TokenValidationRules) throws(KeySetError) -> KeySetReport {
        guard let elements = set["keys"]?.array else { throw .notAKeySet }
        guard elements.count <= maximumKeys else { throw .tooManyKeys }
        var described: [DescribedKey] = []
        var usable: [SigningKey] = []
        var known: [ExactText: [RSANumbers]] = [:]
        for element in elements {
            let jwk = JWK(element)
            do throws(KeyProblem) {
                let key = try signingKey(jwk, trust: trust)
                let numbers = RSANumbers(key.publicKey)
                // The same key may be listed twice. An issuer may also use one ID for two keys; both are then tried.
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

    private static func signingKey(_ jwk: JWK, trust: TokenValidationRules) throws(KeyProblem) -> SigningKey {
        guard jwk.json.kind == .object, jwk.keyType != nil else { throw .malformed }
        guard let keyID = jwk.keyID, !keyID.isEmpty else { throw .keyIDMissing }
        do { try jwk.checkVerifiesRS256() } catch { throw KeyProblem(error) }
        if let name = jwk.json["cloud_instance_name"] {
            let names = trust.cloud.instanceNames.map { ExactText($0) }
            guard let name = name.string, names.contains(ExactText(name)) else { throw .otherCloud }
        }
        if let issuer = jwk.json["issuer"] {
            guard let issuer = issuer.string, trust.vouches(forKeyIssuer: issuer) else { throw .otherIssuer }
        }
        do {
            return SigningKey(keyID: ExactText(keyID), publicKey: try jwk.rs256PublicKey())
        } catch {
            throw KeyProblem(error)
        }
    }
}

extension TokenValidationRules {
    /// Whether a key with this `issuer` may sign the tenant's tokens. With the tenant's ID in place of `{tenantid}`, it
    /// must be the tenant's own issuer.
    func vouches(forKeyIssuer issuer: String) -> Bool {
        let placeholder = "{tenantid}"
        var filled = issuer
        if let start = issuer.firstRange(of: placeholder) {
            filled = issuer[..<start.lowerBound] + tenantID.description + issuer[start.upperBound...]
        }
        let exact = ExactText(filled)
        return exact == ExactText(self.issuer(.v2)) || exact == ExactText(self.issuer(.v1))
    }
}
