import Entra
package import SafeText

/// The audiences for which tokens are accepted, prepared for comparisons.
package struct AudienceList: Sendable {
    private let audiences: [(exact: ExactText, id: GUID?)]

    /// - Parameter audiences: the texts as configured.
    package init(_ audiences: [ExactText]) {
        self.audiences = audiences.map { ($0, GUID($0.text)) }
    }

    /// Whether a token's `aud` is one of the audiences: exactly the same text, or the same application ID with or
    /// without `spn:`.
    package func accepts(_ audience: String) -> Bool {
        let id = Self.applicationID(audience)
        let exact = ExactText(audience)
        return audiences.contains { id != nil && $0.id == id || $0.exact == exact }
    }

    private static func applicationID(_ audience: String) -> GUID? {
        var audience = audience
        return audience.withUTF8 { bytes in
            let bytes = UnsafeRawBufferPointer(bytes)
            return GUID(bytes.starts(with: "spn:".utf8) ? UnsafeRawBufferPointer(rebasing: bytes[4...]) : bytes)
        }
    }
}
