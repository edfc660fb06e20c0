public import Entra
import Jansson
import SafeText

extension TokenValidationRules {
    /// Whether the token was issued for this cluster: for an application ID or its `spn:` form, or exactly as
    /// configured.
    public func accepts(audience: String) -> Bool {
        AudienceList(audiences).accepts(audience)
    }

    /// Whether tokens of this client application are accepted. An empty list in the configuration accepts all.
    public func accepts(clientAppID: String) -> Bool {
        guard !allowedClientAppIDs.isEmpty else { return true }
        guard let id = GUID(clientAppID) else { return false }
        return allowedClientAppIDs.contains(id)
    }

    /// The required claims that fail with this reason: `required_claim_missing` or `required_claim_mismatch`.
    public func unmetRequirements(_ claims: EntraClaims, for reason: RefusalReason) -> [RequiredClaim] {
        requiredClaims.filter { required in
            let isThere = claims.json[named: required.claim.text] != nil
            return reason == .requiredClaimMissing ? !isThere : isThere && !required.holds(claims)
        }
    }
}

extension RequiredClaim {
    /// Whether the claim, or one element of its array, has one of the values. `scp` is one string of words.
    func holds(_ claims: EntraClaims) -> Bool {
        guard let value = claims.json[named: claim.text] else { return false }
        if claim == "scp", let scopes = value.string {
            return scopes.utf8.split(separator: UInt8(ascii: " ")).contains { scope in
                values.contains { $0.string?.utf8.elementsEqual(scope) ?? false }
            }
        }
        if let array = value.array {
            return array.contains { element in values.contains { $0.isMet(by: element) } }
        }
        return values.contains { $0.isMet(by: value) }
    }
}
