public import Entra
public import OpenSSL
public import SafeText
public import Timestamps

/// A usable signing key of a tenant.
public struct SigningKey: Sendable {
    /// The key's `kid`.
    public let keyID: ExactText
    /// The RSA key that verifies RS256 signatures.
    public let publicKey: PublicKey

    /// A key that was already checked; ``KeySetReader`` makes these.
    public init(keyID: ExactText, publicKey: PublicKey) {
        self.keyID = keyID
        self.publicKey = publicKey
    }
}

/// The usable keys of one tenant, as of their last successful fetch.
public struct TenantKeySet: Sendable {
    /// Several keys may have the same ID.
    public let keys: [SigningKey]
    /// From this time on, the keys are too old to be trusted. The latest possible ``Timestamp`` for keys from a file.
    public let usableUntil: Timestamp

    /// The keys of one tenant, usable before that time.
    public init(keys: [SigningKey], usableUntil: Timestamp) {
        self.keys = keys
        self.usableUntil = usableUntil
    }
}

/// The signing keys of all tenants at one moment. A snapshot never changes; a newer one replaces it.
public final class KeySnapshot: Sendable {
    /// Tells this snapshot apart from every other one of this process.
    public let identity = SnapshotIdentity()
    /// The key sets by tenant ID. A tenant without usable keys has no entry.
    public let keySets: [GUID: TenantKeySet]
    private let candidates: [ExactText: [KeyCandidate]]
    private let headers = KnownHeaders()

    /// Prepares the look-up by key ID.
    public init(_ keySets: [GUID: TenantKeySet]) {
        self.keySets = keySets
        var candidates: [ExactText: [KeyCandidate]] = [:]
        // Sorted, so that the same key sets always make the same snapshot.
        for tenant in keySets.keys.sorted() {
            for key in keySets[tenant]?.keys ?? [] {
                candidates[key.keyID, default: []].add(key, tenant: tenant)
            }
        }
        self.candidates = candidates
    }

    /// The keys with that ID which at least one tenant publishes, from sets that are not too old.
    package func candidates(keyID: ExactText, now: Timestamp) -> [KeyCandidate] {
        usable(candidates[keyID] ?? [], now: now)
    }

    /// Like ``candidates(keyID:now:)``, without looking for the key ID again.
    package func candidates(_ known: KnownHeader, now: Timestamp) -> [KeyCandidate] {
        usable(known.candidates, now: now)
    }

    private func usable(_ found: [KeyCandidate], now: Timestamp) -> [KeyCandidate] {
        func isUsable(_ candidate: KeyCandidate) -> Bool {
            candidate.tenants.contains { self.isUsable(tenant: $0, now: now) }
        }
        return found.allSatisfy(isUsable) ? found : found.filter(isUsable)
    }

    /// The remembered header that has this encoded form; nil if there is none.
    package func knownHeader(_ part: UnsafeRawBufferPointer) -> KnownHeader? { headers.find(part) }

    /// Remembers the header of a token whose signature was verified with these keys, if there is room.
    ///
    /// - Parameters:
    ///   - bytes: the decoded first part of the token.
    ///   - part: the first part of the token, as it was sent.
    package func remember(_ header: TokenHeader, bytes: SecureBytes, part: UnsafeRawBufferPointer) {
        guard let keyID = header.keyID, headers.find(part) == nil else { return }
        headers.keep(
            KnownHeader(
                part: [UInt8](part), bytes: bytes, header: header, candidates: candidates[ExactText(keyID)] ?? []))
    }

    /// Whether that tenant has keys that are not too old.
    public func isUsable(tenant: GUID, now: Timestamp) -> Bool {
        guard let set = keySets[tenant] else { return false }
        return !set.keys.isEmpty && now < set.usableUntil
    }
}

/// The numbers that identify an RSA key.
package struct RSANumbers: Hashable, Sendable {
    private let modulus: [UInt8]
    private let exponent: [UInt8]

    package init(_ key: PublicKey) {
        modulus = key.rsaModulus ?? []
        exponent = key.rsaExponent ?? []
    }
}

/// One key under one key ID, and the tenants that publish it. Entra's tenants share most of their keys.
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
