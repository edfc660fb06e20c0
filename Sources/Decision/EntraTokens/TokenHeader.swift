public import Jansson

/// What an Entra token's header says, before anything of it is believed.
public struct TokenHeader: Sendable {
    /// Nil when `alg` is missing or no text.
    public let algorithm: String?
    /// Nil when `kid` is missing, empty or no text.
    public let keyID: String?
    /// `typ` in lower case without an `application/` in front; nil when missing.
    public let type: String?
    /// Parameters that must not be there, in the order in which they are looked for.
    public let forbidden: [String]

    /// Whether `alg` is the one algorithm that Entra signs access tokens with.
    public var isAlgorithmAllowed: Bool { algorithm == "RS256" }

    /// Whether this could be a proof-of-possession envelope.
    public var isEnvelope: Bool { type == "pop" }

    /// Whether the token was made for Microsoft Graph: its signature cannot be checked as it stands.
    public var hasNonce: Bool { forbidden.contains("nonce") }

    /// More than that is no header: Entra's have 150 bytes.
    public static let maximumBytes = 4096
    /// How many values a header may have, those within others included.
    public static let maximumValues = 64
    static let maximumDepth = 8

    /// Reads a header that was scanned.
    public init(_ header: ScannedJSON) { self.init(reading: header) }

    /// Reads a header that was parsed.
    public init(_ header: JSONValue) { self.init(reading: header) }

    /// Scans the bytes of a header.
    ///
    /// - Throws: `JSONError` for what is no JSON object within the bounds of a header.
    public init(scanning bytes: UnsafeRawBufferPointer) throws(JSONError) {
        let scanned = try ScannedJSON(
            scanning: bytes, maximumBytes: Self.maximumBytes, maximumDepth: Self.maximumDepth,
            maximumValues: Self.maximumValues)
        guard scanned.kind == .object else { throw JSONError(.invalid) }
        self.init(reading: scanned)
    }

    private init(reading header: some JSONReadable) {
        algorithm = header["alg"]?.string
        keyID = header["kid"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        var forbidden: [String] = []
        // Keys and key addresses that a token brings along, extensions, compression, nesting: never honoured.
        for (name, value) in [
            ("jku", header["jku"]), ("x5u", header["x5u"]), ("jwk", header["jwk"]), ("x5c", header["x5c"]),
            ("crit", header["crit"]), ("b64", header["b64"]), ("zip", header["zip"]), ("cty", header["cty"]),
            ("nonce", header["nonce"]),
        ] where value != nil {
            forbidden.append(name)
        }
        if let type = header["typ"] {
            if let text = type.string {
                let lowered = text.lowercased()
                let bare =
                    lowered.utf8.starts(with: "application/".utf8)
                    ? String(decoding: lowered.utf8.dropFirst(12), as: UTF8.self) : lowered
                self.type = bare
                if bare != "jwt" && bare != "at+jwt" { forbidden.append("typ") }
            } else {
                self.type = nil
                forbidden.append("typ")
            }
        } else {
            type = nil
        }
        self.forbidden = forbidden
    }
}
