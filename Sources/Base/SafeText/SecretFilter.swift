/// Removes a token from texts of others that may repeat it.
public struct SecretFilter {
    private let secrets: [String]

    /// - Parameter token: the token; the whole and its parts are removed.
    public init(_ token: String) {
        // Parts of a token are as secret as the whole; shorter ones are not secret.
        secrets = ([token] + token.split(separator: ".").map(String.init)).filter { $0.utf8.count >= 24 }
    }

    /// The text with an ellipsis in place of the token and of each of its longer parts.
    public func hide(_ text: String) -> String {
        secrets.reduce(text) { text, secret in
            guard text.utf8.count >= secret.utf8.count else { return text }
            return text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "…")
        }
    }
}
