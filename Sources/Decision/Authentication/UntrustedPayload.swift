internal import Jansson

/// A payload that nobody vouches for yet: anybody may send one, so that its cost is bounded by its bytes.
enum UntrustedPayload {
    /// How many values are looked at. An Entra token with 200 groups has about 250.
    static let maximumValues = 1000

    /// Nil for what is no JSON object, or has more values than a token of Entra's.
    static func scan(_ bytes: UnsafeRawBufferPointer) -> ScannedJSON? {
        let scanned = try? ScannedJSON(scanning: bytes, maximumValues: maximumValues)
        return scanned?.kind == .object ? scanned : nil
    }
}
