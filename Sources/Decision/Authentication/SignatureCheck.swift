import Entra
import EntraTokens
import JOSE
import Jansson
import OpenSSL
import SafeText
import Timestamps

/// The token's structure, its key and its signature: everything that comes before its claims are believed.
struct SignatureCheck {
    private let rules: IssuerIndex
    /// Nil if there are no keys: key and signature are then skipped.
    private let keys: KeySnapshot?
    private let now: Timestamp
    /// The access token; nil if the structure is wrong.
    private(set) var token: ParsedToken?
    /// The proof-of-possession token around the access token.
    private(set) var envelope: SignedHTTPRequest?
    /// The key that verified the signature, and the tenants that publish it.
    private(set) var signer: KeyCandidate?
    /// The tenant whose keys may contain the missing key after a refresh.
    private(set) var refreshTenant: GUID?
    private var candidates: [KeyCandidate] = []
    /// The tenant that the unverified token names, once it was looked up.
    private var knownUntrustedTenant: GUID??

    init(rules: IssuerIndex, keys: KeySnapshot?, now: Timestamp) {
        self.rules = rules
        self.keys = keys
        self.now = now
    }

    /// Reads the issuer once, from the top level of the payload only.
    mutating func untrustedTenant() -> GUID? {
        if let knownUntrustedTenant { return knownUntrustedTenant }
        let issuer = token?.jws.untrustedPayload.withUnsafeBytes { UntrustedPayload.scan($0)?["iss"]?.string }
        let tenant = issuer.flatMap { rules.known(issuer: $0)?.tenant.tenantID }
        knownUntrustedTenant = .some(tenant)
        return tenant
    }

    /// Splits the token, and opens its envelope if it has one.
    mutating func checkStructure(_ bytes: UnsafeRawBufferPointer) -> CheckResult {
        do throws(CompactJWSError) {
            let outer = try ParsedToken(bytes, keys: keys)
            if outer.header.isEnvelope, let opened = SignedHTTPRequest(outer, of: bytes) {
                envelope = opened
                token = try opened.accessToken.withUnsafeBytes { inner in
                    Result { [keys] () throws(CompactJWSError) in try ParsedToken(inner, keys: keys) }
                }.get()
            } else {
                token = outer
            }
        } catch {
            return .ended(error == .encrypted ? .tokenEncrypted : .tokenMalformed)
        }
        return .passed
    }

    /// Finds the keys that have the token's key ID.
    mutating func checkKey() -> CheckResult {
        guard let keys, let header = token?.header, header.isAlgorithmAllowed, let keyID = header.keyID else {
            return .skipped
        }
        candidates =
            if let known = token?.known {
                keys.candidates(known, now: now)
            } else {
                keys.candidates(keyID: ExactText(keyID), now: now)
            }
        guard candidates.isEmpty else { return .passed }
        guard let tenant = untrustedTenant() else { return .failed(.keyNotFound) }
        refreshTenant = tenant
        return .failed(keys.isUsable(tenant: tenant, now: now) ? .keyNotFound : .keysUnavailable)
    }

    /// Verifies the signature with these keys.
    ///
    /// - Parameter hashed: the digest of the outermost token's signed part, if it was computed before.
    mutating func checkSignature(_ bytes: UnsafeRawBufferPointer, hashed: HashedToken.SignedDigest?) -> CheckResult {
        guard let token, !candidates.isEmpty else { return .skipped }
        if let envelope {
            signer = envelope.accessToken.withUnsafeBytes { findSigner(of: token.jws, in: $0, hashed: nil) }
        } else {
            signer = findSigner(of: token.jws, in: bytes, hashed: hashed)
            if signer != nil, token.known == nil, token.header.forbidden.isEmpty {
                let part = UnsafeRawBufferPointer(rebasing: bytes[..<token.jws.headerLength])
                keys?.remember(token.header, bytes: token.jws.header, part: part)
            }
        }
        guard signer == nil else { return .passed }
        refreshForSharedKeyID()
        return .failed(.signatureInvalid)
    }

    private func findSigner(
        of jws: CompactJWS, in bytes: UnsafeRawBufferPointer, hashed: HashedToken.SignedDigest?
    ) -> KeyCandidate? {
        let known = hashed.flatMap { $0.length == jws.signedLength ? $0.digest : nil }
        let digest = known ?? SHA256Digest(hashing: UnsafeRawBufferPointer(rebasing: bytes[..<jws.signedLength]))
        // Captures the keys alone, not everything that is known of the token.
        return jws.signature.withUnsafeBytes { [candidates] signature in
            candidates.first { $0.publicKey.verify(.rs256, digest: digest, signature: signature) }
        }
    }

    /// Another tenant's key may have the ID of a key that this tenant has published since. If every tenant has a key
    /// with that ID, nothing of the token is read after its signature was found invalid.
    private mutating func refreshForSharedKeyID() {
        let published = candidates.count == 1 ? candidates[0].tenants : candidates.flatMap(\.tenants)
        // If there are few tenants, searching the array costs less than making a set.
        if rules.tenantIDs.count <= 8, rules.tenantIDs.allSatisfy(published.contains) { return }
        let tenants = Set(published)
        guard !rules.tenantIDs.allSatisfy(tenants.contains), let tenant = untrustedTenant(), !tenants.contains(tenant)
        else { return }
        refreshTenant = tenant
    }
}
