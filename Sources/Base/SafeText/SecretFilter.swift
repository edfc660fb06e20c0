/// Takes a token out of texts that somebody else wrote, in case that these repeat it.
public struct SecretFilter {
    private let secrets: [String]

    /// - Parameter token: the token whose whole and whose parts are taken out.
    public init(_ token: String) {
        // Parts of a token say as much as the whole; what is shorter is no secret.
        secrets = ([token] + token.split(separator: ".").map(String.init)).filter { $0.utf8.count >= 24 }
    }

    /// The text with the token and each of its longer parts replaced by an ellipsis.
    public func hide(_ text: String) -> String {
        secrets.reduce(text) { text, secret in
            guard text.utf8.count >= secret.utf8.count else { return text }
            return text.split(separator: secret, omittingEmptySubsequences: false).joined(separator: "…")
        }
    }
}
