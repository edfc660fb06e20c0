internal import Jansson

extension TenantTrust {
    /// Whether the token was made for this cluster: the application ID, its `spn:` form, or exactly as configured.
    public func accepts(audience: String) -> Bool {
        let isPrefixed = audience.utf8.starts(with: "spn:".utf8)
        let bare = isPrefixed ? String(decoding: audience.utf8.dropFirst(4), as: UTF8.self) : audience
        let id = GUID(bare)
        // Byte by byte: to `==` some characters are the same as others, such as the kelvin sign and K.
        return audiences.contains { $0.utf8.elementsEqual(audience.utf8) || (id != nil && GUID($0) == id) }
    }

    public func accepts(clientAppID: String) -> Bool {
        guard !allowedClientAppIDs.isEmpty else { return true }
        guard let id = GUID(clientAppID) else { return false }
        return allowedClientAppIDs.contains(id)
    }

    /// The first required claim that is missing or has another value; nil when all hold.
    public func unmetRequirement(_ claims: EntraClaims) -> (claim: String, reason: RefusalReason)? {
        for required in requiredClaims where claims.json[named: required.claim] == nil {
            return (required.claim, .requiredClaimMissing)
        }
        for required in requiredClaims where !required.holds(claims) {
            return (required.claim, .requiredClaimMismatch)
        }
        return nil
    }

    /// All requirements that are not met in this way.
    public func unmetRequirements(_ claims: EntraClaims, for reason: RefusalReason) -> [RequiredClaim] {
        requiredClaims.filter { required in
            let isThere = claims.json[named: required.claim] != nil
            return reason == .requiredClaimMissing ? !isThere : isThere && !required.holds(claims)
        }
    }
}

extension RequiredClaim {
    /// Whether the claim's text, or one element of its array, equals one of the values. `scp` is a list of texts
    /// separated by spaces.
    func holds(_ claims: EntraClaims) -> Bool {
        guard let value = claims.json[named: claim] else { return false }
        if claim == "scp", let scopes = value.string {
            return scopes.split(separator: " ").contains { isAccepted($0) }
        }
        if let array = value.array {
            return array.contains { element in element.scalarText.map { isAccepted($0) } ?? false }
        }
        return value.scalarText.map { isAccepted($0) } ?? false
    }

    /// Byte by byte: to `==` some characters are the same as others.
    private func isAccepted(_ text: some StringProtocol) -> Bool {
        values.contains { $0.utf8.elementsEqual(text.utf8) }
    }
}
