internal import EntraTokens
internal import JOSE
public import Jansson
internal import OpenSSL
internal import SafeText
public import Timestamps

/// What a key file holds, for people and for programs.
public struct KeyDescription: Sendable {
    public let keyID: String?
    public let type: String?
    public let bits: Int?
    public let thumbprint: String?
    public let issuer: String?
    public let certificateNotBefore: Timestamp?
    public let certificateNotAfter: Timestamp?
    public let isUsable: Bool
    public let problem: String?
    /// A stable word for `problem`.
    public let problemCode: String?

    init(_ described: DescribedKey) {
        let jwk = described.jwk
        keyID = jwk.keyID
        type = jwk.keyType
        bits = jwk.bits
        thumbprint = jwk.thumbprint
        issuer = jwk.json["issuer"]?.string
        isUsable = described.problem == nil
        problem = described.problem?.sentence
        problemCode = described.problem?.rawValue
        let certificate = jwk.json["x5c"]?.array?[0]?.string.flatMap(KeyDescription.certificate)
        certificateNotBefore = certificate?.notBefore
        certificateNotAfter = certificate?.notAfter
    }

    /// Entra writes certificates in base64 with padding, as RFC 7517 section 4.7 says.
    private static func certificate(_ base64: String) -> Certificate? {
        let bare = base64.utf8.filter { $0 != UInt8(ascii: "=") }.map { byte -> UInt8 in
            byte == UInt8(ascii: "+") ? UInt8(ascii: "-") : byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
        }
        guard let der = bare.withUnsafeBytes({ Base64URL.decode($0) }) else { return nil }
        return try? Certificate(der: der)
    }

    public var json: JSON {
        .object([
            ("keyID", JSON(keyID)), ("type", JSON(type)), ("bits", bits.map { .integer(Int64($0)) } ?? .null),
            ("thumbprint", JSON(thumbprint)), ("issuer", JSON(issuer)),
            ("certificateNotBefore", JSON(certificateNotBefore?.rfc3339)),
            ("certificateNotAfter", JSON(certificateNotAfter?.rfc3339)), ("usable", .bool(isUsable)),
            ("problem", JSON(problem)), ("problemCode", JSON(problemCode)),
        ])
    }

    /// A few lines of at most 80 columns where the values allow it.
    public var text: String {
        var lines = [
            (keyID.map { PrintableText.clean($0, maximum: 200) } ?? "(no key ID)") + (isUsable ? "" : "  NOT USABLE")
        ]
        if let problem { lines.append("  why         \(problem)") }
        lines.append(
            "  type        \(type.map { PrintableText.clean($0) } ?? "none")" + (bits.map { ", \($0) bits" } ?? ""))
        if let thumbprint { lines.append("  thumbprint  \(thumbprint)") }
        if let issuer { lines.append("  issuer      \(PrintableText.clean(issuer, maximum: 200))") }
        if let from = certificateNotBefore, let to = certificateNotAfter {
            lines.append("  certificate \(from.rfc3339) to \(to.rfc3339)")
        }
        return lines.joined(separator: "\n")
    }
}

extension KeyFile {
    /// Every key of the file, usable or not.
    public var descriptions: [KeyDescription] { report.keys.map(KeyDescription.init) }
}
