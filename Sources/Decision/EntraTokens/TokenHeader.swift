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

    public init(_ header: JSONValue) {
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
