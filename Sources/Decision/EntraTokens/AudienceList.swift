import Entra
package import SafeText

/// The audiences for which tokens are accepted, prepared for comparisons.
package struct AudienceList: Sendable {
    private let audiences: [(exact: ExactText, id: GUID?)]

    /// - Parameter audiences: the texts as configured.
    package init(_ audiences: [ExactText]) {
        self.audiences = audiences.map { ($0, GUID($0.text)) }
    }

    /// Whether a token's `aud` is one of the audiences: exactly the same text, or the same application ID, which the
    /// token may have after `spn:`.
    package func accepts(_ audience: String) -> Bool {
        var audience = audience
        return audience.withUTF8 { accepts(UnsafeRawBufferPointer($0)) }
    }

    /// Whether `aud` is one of the audiences: exactly the same text, or the same application ID, which the token may
    /// have after `spn:`.
    package func accepts(_ claims: EntraClaims) -> Bool {
        guard let audience = claims.audienceText else { return false }
        return claims.withBytes(of: audience) { accepts($0) }
    }

    private func accepts(_ audience: UnsafeRawBufferPointer) -> Bool {
        let isPrefixed = audience.count > 4 && audience[0] == UInt8(ascii: "s") && audience.starts(with: "spn:".utf8)
        let id = GUID(isPrefixed ? UnsafeRawBufferPointer(rebasing: audience[4...]) : audience)
        return audiences.contains { id != nil && $0.id == id || $0.exact.isText(audience) }
    }
}
