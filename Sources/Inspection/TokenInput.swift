internal import JOSE
internal import Jansson

/// What somebody pasted: a token, or something that holds one, or something else that can be named.
public struct TokenInput: Sendable {
    public enum Wrapping: String, Sendable {
        case none
        case bearer
        case execCredential
        case tokenCache
    }

    /// What there is instead of a JSON Web Token.
    public enum Other: String, Sendable {
        case empty
        case notText
        case refreshToken
        case authorizationCode
        case deviceLogin
        case json
        case garbage
    }

    /// The token's bytes as they are judged. Not a token when ``other`` is set.
    public let token: [UInt8]
    public let wrapping: Wrapping
    public let other: Other?

    /// Looks at what was given. White space around and inside is taken off, since terminals break long lines.
    public init(_ input: [UInt8]) {
        guard let text = String(validating: input, as: UTF8.self) else {
            self.init(token: input, other: .notText)
            return
        }
        let trimmed = TokenInput.trimmed(text)
        guard !trimmed.isEmpty else {
            self.init(token: [], other: .empty)
            return
        }
        if trimmed.first == "{" || trimmed.first == "[" {
            self.init(json: trimmed)
            return
        }
        var rest = trimmed
        var wrapping = Wrapping.none
        for prefix in ["Authorization:", "authorization:"] where rest.hasPrefix(prefix) {
            rest = Substring(TokenInput.trimmed(String(rest.dropFirst(prefix.count))))
        }
        if rest.prefix(7).lowercased() == "bearer " || rest.prefix(4).lowercased() == "pop " {
            wrapping = .bearer
            rest = rest.drop { $0 != " " }
        }
        self.init(token: TokenInput.withoutWhiteSpace(rest), wrapping: wrapping)
    }

    private init(token: [UInt8], wrapping: Wrapping = .none, other: Other? = nil) {
        self.token = token
        self.wrapping = wrapping
        self.other = other ?? TokenInput.classify(token)
    }

    /// `kubelogin get-token`'s ExecCredential, or an entry of a token cache.
    private init(json text: Substring) {
        guard let document = try? JSONDocument(parsing: Array(text.utf8)) else {
            self.init(token: Array(text.utf8), other: .garbage)
            return
        }
        let root = document.root
        if let token = root["status"]?["token"]?.string {
            self.init(token: TokenInput.withoutWhiteSpace(token[...]), wrapping: .execCredential)
        } else if let token = TokenInput.cachedToken(root, depth: 0) {
            self.init(token: TokenInput.withoutWhiteSpace(token[...]), wrapping: .tokenCache)
        } else {
            self.init(token: Array(text.utf8), other: .json)
        }
    }

    /// Finds an access token in the shapes that kubelogin's and MSAL's caches have.
    private static func cachedToken(_ value: JSONValue, depth: Int) -> String? {
        guard depth < 4, value.kind == .object else { return nil }
        for name in ["access_token", "accessToken", "secret", "token"] {
            if let token = value[named: name]?.string, token.split(separator: ".").count >= 3 { return token }
        }
        for name in ["AccessToken", "accessTokens"] {
            guard let entries = value[named: name]?.members else { continue }
            for entry in entries {
                if let token = cachedToken(entry.value, depth: depth + 1) { return token }
            }
        }
        return nil
    }

    private static func classify(_ token: [UInt8]) -> Other? {
        guard !token.isEmpty else { return .empty }
        // A million dots are counted, not split.
        let dots = token.reduce(0) { $1 == UInt8(ascii: ".") ? $0 + 1 : $0 }
        if dots == 2 || dots == 4 { return nil }
        let text = String(decoding: token.prefix(16), as: UTF8.self)
        if text.hasPrefix("0.A") || text.hasPrefix("1.A") || text.hasPrefix("M.") { return .refreshToken }
        return dots == 0 && token.count < 64 ? .garbage : dots == 0 ? .refreshToken : .garbage
    }

    private static func trimmed(_ text: String) -> Substring {
        let start = text.firstIndex { !$0.isWhitespace } ?? text.endIndex
        let tail = text[start...]
        let end = tail.lastIndex { !$0.isWhitespace }.map { tail.index(after: $0) } ?? start
        return tail[..<end]
    }

    private static func withoutWhiteSpace(_ text: Substring) -> [UInt8] {
        text.utf8.filter { $0 != 9 && $0 != 10 && $0 != 13 && $0 != 32 }
    }

    /// What this is, for people; nil for a token by itself.
    public var note: String? {
        switch other {
        case .empty: return "there is nothing here"
        case .notText: return "this is not text, so it is no token"
        case .refreshToken:
            return "this looks like a refresh token or a code: it cannot be read, and it never belongs in a cluster"
        case .authorizationCode, .deviceLogin: return "this is a step of a sign-in and not its result"
        case .json: return "this is JSON, but there is no token in it"
        case .garbage: return "this is no token of any kind that is known here"
        case nil: break
        }
        switch wrapping {
        case .none: return nil
        case .bearer: return "the token was taken from an Authorization header"
        case .execCredential: return "the token was taken from an ExecCredential"
        case .tokenCache: return "the token was taken from a token cache"
        }
    }
}
