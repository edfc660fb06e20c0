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
            throw CommandFailure("\(path): \(error.sentence)")
        }
    }
}
