public import OpenSSL
public import SafeText
public import Timestamps

/// A tenant's usable signing key.
public struct SigningKey: Sendable {
    public let keyID: ExactText
    public let publicKey: PublicKey

    public init(keyID: ExactText, publicKey: PublicKey) {
        self.keyID = keyID
        self.publicKey = publicKey
    }
}

/// The usable keys of one tenant, as of their last successful fetch.
public struct TenantKeySet: Sendable {
    public let keys: [SigningKey]
    /// From here on the keys are too old to be believed. ``Timestamp`` at its maximum for keys from a file.
    public let usableUntil: Timestamp

    public init(keys: [SigningKey], usableUntil: Timestamp) {
        self.keys = keys
        self.usableUntil = usableUntil
    }
}

/// The signing keys of all tenants at one moment; never changed, only replaced.
public final class KeySnapshot: Sendable {
    public let identity = SnapshotIdentity()
    /// By tenant; a tenant without keys has none.
    public let keySets: [GUID: TenantKeySet]
    private let candidates: [ExactText: [KeyCandidate]]

    public init(_ keySets: [GUID: TenantKeySet]) {
        self.keySets = keySets
        var candidates: [ExactText: [KeyCandidate]] = [:]
        // In the order of the IDs, so that the same sets make the same snapshot.
        for tenant in keySets.keys.sorted() {
            for key in keySets[tenant]?.keys ?? [] {
                candidates[key.keyID, default: []].add(key, tenant: tenant)
            }
        }
        self.candidates = candidates
    }

    /// Keys of that ID which at least one tenant publishes and whose set is not too old.
    package func candidates(keyID: ExactText, now: Timestamp) -> [KeyCandidate] {
        guard let found = candidates[keyID] else { return [] }
        return found.filter { candidate in
            candidate.tenants.contains { isUsable(tenant: $0, now: now) }
        }
    }

    /// Whether that tenant has keys that are not too old.
    public func isUsable(tenant: GUID, now: Timestamp) -> Bool {
        guard let set = keySets[tenant] else { return false }
        return !set.keys.isEmpty && now < set.usableUntil
    }
}

/// What makes an RSA key that key and no other.
package struct RSANumbers: Hashable, Sendable {
    private let modulus: [UInt8]
    private let exponent: [UInt8]

    package init(_ key: PublicKey) {
        modulus = key.rsaModulus ?? []
        exponent = key.rsaExponent ?? []
    }
}

/// One key under one key ID, and the tenants that vouch for it. Entra's tenants share most of their keys.
package struct KeyCandidate: Sendable {
    package let publicKey: PublicKey
    let numbers: RSANumbers
    package var tenants: [GUID]
}

extension [KeyCandidate] {
    fileprivate mutating func add(_ key: SigningKey, tenant: GUID) {
        let numbers = RSANumbers(key.publicKey)
        if let known = firstIndex(where: { $0.numbers == numbers }) {
            if !self[known].tenants.contains(tenant) { self[known].tenants.append(tenant) }
        } else {
            append(KeyCandidate(publicKey: key.publicKey, numbers: numbers, tenants: [tenant]))
        }
    }
}
