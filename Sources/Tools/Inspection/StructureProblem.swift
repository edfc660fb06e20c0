import JOSE
import Jansson
import SafeText

/// Why bytes are not a token, for people.
enum StructureProblem {
    /// What is wrong with the form; nil if the form shows nothing. Linear in the length.
    static func describe(_ token: [UInt8]) -> String? {
        if token.starts(with: [0xEF, 0xBB, 0xBF]) { return "a byte order mark stands in front of it" }
        let dots = token.reduce(0) { $1 == UInt8(ascii: ".") ? $0 + 1 : $0 }
        guard dots == 2 else {
            return "\(dots == 0 ? "one part" : "\(dots + 1) parts") where a token has three with dots between them"
        }
        let parts = token.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        for (name, part) in zip(["header", "claims", "signature"], parts) {
            if part.isEmpty, name != "signature" { return "the part for the \(name) is empty" }
            if name == "signature", isAlphabet(part), let cut = cutOffSignature(part.count * 3 / 4) { return cut }
            if let problem = encodingProblem(part) { return "the part for the \(name) \(problem)" }
        }
        guard let header = decoded(parts[0]) else { return nil }
        return header.kind == .object ? nil : "the header is JSON, but no object"
    }

    /// Length of an RS256 signature by Entra, in bytes.
    private static let signatureLength = 256

    /// For a token without its end; nil if the signature is long enough.
    static func cutOffSignature(_ bytes: Int) -> String? {
        guard bytes > 0, bytes < signatureLength else { return nil }
        return "the token is cut off: the signature has \(bytes) bytes, RS256 has \(signatureLength)"
    }

    private static func isAlphabet(_ part: some Sequence<UInt8>) -> Bool {
        part.allSatisfy { byte in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 45
                || byte == 95
        }
    }

    private static func encodingProblem(_ part: ArraySlice<UInt8>) -> String? {
        if part.withUnsafeBytes({ Base64URL.decode($0) }) != nil { return nil }
        if part.last == UInt8(ascii: "=") { return "ends in =, and tokens are written without padding" }
        let plain = Array(part.filter { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") })
        if !isAlphabet(plain) { return "has characters that do not occur in tokens" }
        if plain.count < part.count { return "is written in base64, and tokens are in base64url" }
        return part.count % 4 == 1 ? "is cut off" : "was changed: its last character says more than fits"
    }

    private static func decoded(_ part: ArraySlice<UInt8>) -> JSONValue? {
        guard let bytes = part.withUnsafeBytes({ Base64URL.decode($0) }) else { return nil }
        return (try? JSONDocument(parsing: bytes, maximumDepth: 8))?.root
    }

    /// The header and claims of an invalid token, as far as they can be read.
    static func untrustedParts(_ token: [UInt8], maximumBytes: Int) -> (header: JSONValue?, claims: JSONValue?) {
        guard token.count <= maximumBytes else { return (nil, nil) }
        let text = token.starts(with: [0xEF, 0xBB, 0xBF]) ? token.dropFirst(3) : token[...]
        let parts = text.split(separator: UInt8(ascii: "."), maxSplits: 5, omittingEmptySubsequences: false)
        guard (2...5).contains(parts.count) else { return (nil, nil) }
        let header = decoded(parts[0]).flatMap { $0.kind == .object ? $0 : nil }
        guard header != nil, parts.count < 5 else { return (header, nil) }
        return (header, decoded(parts[1]).flatMap { $0.kind == .object ? $0 : nil })
    }
}
