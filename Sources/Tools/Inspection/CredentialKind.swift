/// What somebody passed as a token. The raw value is what `inspect` writes as the kind.
public enum CredentialKind: String, Sendable, CaseIterable {
    case accessToken
    case idToken
    case graphToken
    case proofOfPossession
    case encryptedToken
    case serviceAccountToken
    /// A JSON Web Token that Entra did not issue.
    case foreignToken
    /// Three parts that are not a JSON Web Token.
    case damagedToken

    // These are not tokens, and are recognized without reading claims.
    case refreshToken
    case authorizationCode
    case deviceLogin
    /// Entra's answer to a sign-in that failed.
    case signInError
    case bootstrapToken
    case clientSecret
    case pem
    case markup
    case kubeconfig
    case json
    case notText
    case garbage
    case nothing
}
