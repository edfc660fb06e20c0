import Entra
import EntraTokens
import JOSE
public import Jansson
import OpenSSL
import SafeText
public import Timestamps

/// One key of a key file, for people and programs.
public struct KeyDescription: Sendable {
    /// `kid`; nil if it is missing.
    public let keyID: String?
    /// `kty`, for example `RSA`.
    public let type: String?
    /// Size of the RSA modulus or of the curve's field; nil for other keys.
    public let bits: Int?
    /// The RFC 7638 thumbprint; nil for keys that are neither RSA nor EC.
    public let thumbprint: String?
    /// `issuer` as Entra adds it to each key; may contain `{tenantid}`.
    public let issuer: String?
    /// Start of the certificate in `x5c`; nil if there is none. Entra's keys are not bound to it.
    public let certificateNotBefore: Timestamp?
    /// End of the certificate in `x5c`; nil if there is none.
    public let certificateNotAfter: Timestamp?
    /// Whether tokens of the tenant may be signed with it.
    public let isUsable: Bool
    /// Why the key cannot be used; nil if it can.
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

    /// Decodes padded base64, in which certificates are written (RFC 7517 section 4.7).
    private static func certificate(_ base64: String) -> Certificate? {
        let bare = base64.utf8.filter { $0 != UInt8(ascii: "=") }.map { byte -> UInt8 in
            byte == UInt8(ascii: "+") ? UInt8(ascii: "-") : byte == UInt8(ascii: "/") ? UInt8(ascii: "_") : byte
        }
        guard let der = bare.withUnsafeBytes({ Base64URL.decode($0) }) else { return nil }
        return try? Certificate(der: der)
    }

    /// The key for programs, as in `keys show --output json`.
    public var json: JSON {
        .object([
            ("keyID", JSON(keyID)), ("type", JSON(type)), ("bits", bits.map { .integer(Int64($0)) } ?? .null),
            ("thumbprint", JSON(thumbprint)), ("issuer", JSON(issuer)),
            ("certificateNotBefore", JSON(certificateNotBefore?.rfc3339)),
            ("certificateNotAfter", JSON(certificateNotAfter?.rfc3339)), ("usable", .bool(isUsable)),
            ("problem", JSON(problem)), ("problemCode", JSON(problemCode)),
        ])
    }

    /// A few lines of at most 80 columns, if the values allow it.
    public var text: String { PrintableText.page(lines) }

    /// The lines of ``text``.
    var lines: [String] {
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
        return lines
    }
}

extension KeyFile {
    /// Every key of the file, usable or not.
    public var descriptions: [KeyDescription] { report.keys.map(KeyDescription.init) }
}
