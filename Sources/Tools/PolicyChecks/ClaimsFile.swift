public import Jansson
import Terminal

/// Files with the claims of one principal.
public enum ClaimsFile {
    /// The claims.
    ///
    /// - Throws: `CommandFailure` if the file cannot be read, or holds something else.
    public static func read(_ path: String) throws -> JSONDocument {
        let bytes = try CommandFile.read(path)
        do {
            let document = try JSONDocument(parsing: bytes)
            guard document.root.kind == .object else { throw CommandFailure("\(path): claims must be a JSON object") }
            return document
        } catch let error as JSONError {
            guard !looksLikeToken(bytes) else {
                throw CommandFailure(
                    "\(path): this is a token, not the JSON of its claims",
                    hint: "give it with --token-file in place of --claims, and its keys with --keys")
            }
            throw CommandFailure("\(path): \(error.sentence)")
        }
    }

    /// Whether the bytes are a token in compact form: base64url of `{"`, and at least two dots.
    private static func looksLikeToken(_ bytes: [UInt8]) -> Bool {
        let text = bytes.drop { " \t\r\n".utf8.contains($0) }
        return text.starts(with: "eyJ".utf8) && text.count { $0 == UInt8(ascii: ".") } >= 2
    }
}
