public import Jansson

/// The header of an Entra token. Nothing in it is trusted yet.
///
/// A class, so that a check that looks at one parameter doesn't copy all of them.
public final class TokenHeader: Sendable {
    /// `alg`; nil when it is missing or not a string.
    public let algorithm: String?
    /// `kid`; nil when it is missing, empty or not a string.
    public let keyID: String?
    /// ``keyID``, if it has the form of Entra's key IDs; it is safe in a log, even if an attacker wrote it.
    public let plainKeyID: String?
    /// `typ` in lower case, without the prefix `application/`; nil when it is missing.
    public let type: String?
    /// Names of header parameters that must not be present, in the order of checking.
    public let forbidden: [String]

    /// Whether `alg` is RS256, the only algorithm with which Entra signs access tokens.
    public var isAlgorithmAllowed: Bool { algorithm == "RS256" }

    /// Whether `typ` says that this is a proof-of-possession token (signed HTTP request).
    public var isEnvelope: Bool { type == "pop" }

    /// Whether the token was issued for Microsoft Graph. Its signature cannot be verified by anybody else.
    public var hasNonce: Bool { forbidden.contains("nonce") }

    /// The largest accepted header. Entra's headers have about 150 bytes.
    public static let maximumBytes = 4096
    /// The largest number of values in a header, nested values included.
    public static let maximumValues = 64
    static let maximumDepth = 8

    /// Reads a scanned header.
    public convenience init(_ header: ScannedJSON) { self.init(reading: header) }

    /// Reads a parsed header.
    public convenience init(_ header: JSONValue) { self.init(reading: header) }

    /// Scans the bytes of a header.
    ///
    /// - Throws: `JSONError` if the bytes are not a JSON object within the limits of a header.
    public convenience init(scanning bytes: UnsafeRawBufferPointer) throws(JSONError) {
        let scanned = try ScannedJSON(
            scanning: bytes, maximumBytes: Self.maximumBytes, maximumDepth: Self.maximumDepth,
            maximumValues: Self.maximumValues)
        guard scanned.kind == .object else { throw JSONError(.invalid) }
        self.init(reading: scanned)
    }

    private init(reading header: some JSONReadable) {
        algorithm = header["alg"]?.string
        let keyID = header["kid"]?.string.flatMap { $0.isEmpty ? nil : $0 }
        self.keyID = keyID
        plainKeyID = keyID.flatMap { EntraID.isPlain($0) ? $0 : nil }
        var forbidden: [String] = []
        // Keys and key addresses in the token, extensions, compression and nesting are never used.
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
