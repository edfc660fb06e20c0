import Jansson

/// A payload that is not verified yet. Anybody may send one, so its cost is bounded.
enum UntrustedPayload {
    /// Largest number of values. An Entra token with 200 groups has about 250.
    static let maximumValues = 1000

    /// Nil if the payload is not a JSON object, or has too many values.
    static func scan(_ bytes: UnsafeRawBufferPointer) -> ScannedJSON? {
        let scanned = try? ScannedJSON(scanning: bytes, maximumValues: maximumValues)
        return scanned?.kind == .object ? scanned : nil
    }
}
