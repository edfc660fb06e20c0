import Jansson

extension TokenInput {
    /// A token from JSON: a plugin's answer, a token cache, or the answer of a command or endpoint.
    init(json text: Substring) {
        let bytes = Array(text.utf8)
        guard let document = try? JSONDocument(parsing: bytes, maximumBytes: 16 << 20, maximumDepth: 64) else {
            self.init(token: bytes, other: .garbage)
            return
        }
        let root = document.root
        switch root["kind"]?.string {
        case "ExecCredential": self.init(named: root["status"]?["token"], in: .execCredential, bytes: bytes)
        case "TokenReview": self.init(named: root["spec"]?["token"], in: .tokenReview, bytes: bytes)
        case "Config":
            let tokens = root["users"]?.array?.compactMap { $0["user"]?["token"] } ?? []
            if let token = tokens.first {
                self.init(named: token, in: .kubeconfig, bytes: bytes, choices: tokens.count)
            } else {
                self.init(token: bytes, other: .kubeconfig)
            }
        default: self.init(entries: root, bytes: bytes)
        }
    }

    private init(named value: JSONValue?, in wrapping: Wrapping, bytes: [UInt8], choices: Int = 1) {
        guard let token = value?.string, !token.isEmpty else {
            self.init(token: bytes, other: .json)
            return
        }
        self.init(token: Array(token.utf8), wrapping: wrapping, choices: choices)
    }

    /// The newest token among the entries of kubelogin's, MSAL's and the Azure CLI's files.
    private init(entries root: JSONValue, bytes: [UInt8]) {
        var found: [CachedToken] = []
        CachedToken.collect(root, depth: 0, into: &found)
        guard
            let best = found.enumerated().max(by: {
                ($0.element.expires, -$0.offset) < ($1.element.expires, -$1.offset)
            })
        else {
            self.init(token: bytes, other: .json)
            return
        }
        self.init(
            token: Array(best.element.token.utf8), wrapping: best.element.wrapping, choices: found.count)
    }
}

/// An access token in a file of tokens.
private struct CachedToken {
    let token: String
    let wrapping: TokenInput.Wrapping
    /// Seconds since 1970; 0 if unknown.
    let expires: Int64

    private init?(_ value: JSONValue, _ name: String, _ wrapping: TokenInput.Wrapping) {
        guard let token = value[named: name]?.string, !token.isEmpty else { return nil }
        self.token = token
        self.wrapping = wrapping
        let times = ["expires_on", "expiresOn", "expires_at"].lazy.compactMap { value[named: $0] }
        expires = times.compactMap { $0.integer ?? $0.string.flatMap { Int64($0) } }.first ?? 0
    }

    static func collect(_ value: JSONValue, depth: Int, into found: inout [CachedToken]) {
        guard depth < 5, found.count < 1000 else { return }
        if let elements = value.array {
            for element in elements { collect(element, depth: depth + 1, into: &found) }
            return
        }
        guard value.kind == .object else { return }
        if value["credential_type"] != nil {
            // An entry of MSAL's cache. Refresh tokens and ID tokens cannot be used to sign in.
            if value["credential_type"]?.string?.hasPrefix("AccessToken") == true {
                CachedToken(value, "secret", .tokenCache).map { found.append($0) }
            }
        } else if let token = CachedToken(value, "accessToken", .azureCLI) {
            found.append(token)
        } else if let token = CachedToken(value, "access_token", value["scope"] == nil ? .tokenCache : .tokenResponse) {
            found.append(token)
        } else if let token = CachedToken(value, "token", .field) {
            found.append(token)
        } else {
            for member in value.members ?? [] where member.name != "RefreshToken" && member.name != "IdToken" {
                if value.kind == .object, member.name == "AccessToken" {
                    for entry in member.value.members ?? [] {
                        CachedToken(entry.value, "secret", .tokenCache).map { found.append($0) }
                    }
                } else {
                    collect(member.value, depth: depth + 1, into: &found)
                }
            }
        }
    }
}
