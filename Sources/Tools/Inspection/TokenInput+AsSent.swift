extension TokenInput {
    /// A token as `serve` would see it, for commands that answer for `serve`: only `Bearer `, perhaps after the
    /// header's name, and white space around it are taken off. Of a document that contains it, such as kubelogin's
    /// ExecCredential, it is the string.
    ///
    /// - Returns: the token, and a line for people if they might expect another one; nil if there is nothing to say.
    public static func asSent(_ input: [UInt8]) -> (token: [UInt8], note: String?) {
        let found = TokenInput(input)
        switch found.wrapping {
        case .execCredential, .tokenCache, .azureCLI, .tokenResponse, .tokenReview, .kubeconfig:
            guard found.encoding == .utf8, found.other == nil else { break }
            // That of kubelogin is what people are told to pipe in.
            let isUsual = found.wrapping == .execCredential && !found.hadLineBreaks
            let note = "the token is from \(found.origin ?? "a document")"
            return (found.written, isUsual ? nil : found.hadLineBreaks ? note + ", " + lineBreaks : note)
        case .none, .bearer, .quotes, .field, .redirect, .variable: break
        }
        let token = withoutBearer(input)
        guard found.other == nil, found.token != token else { return (token, nil) }
        let extra =
            switch (found.encoding, found.origin) {
            case (.utf8WithMark, _): "a byte order mark"
            case (.utf16, _): "UTF-16"
            case (_, let origin?) where found.wrapping != .bearer: origin
            case (_, _?) where !found.hadLineBreaks: "the rest of a header"
            default: "line breaks inside it"
            }
        return (token, "the token is checked as it is, with \(extra), and so would kube-apiserver send it; \(inspects)")
    }

    private static let inspects = "`kube-entra inspect` takes that off and explains the token"
    private static let lineBreaks = "with line breaks inside it; \(inspects)"

    private static func withoutBearer(_ input: [UInt8]) -> [UInt8] {
        guard let text = String(validating: input, as: UTF8.self) else { return input }
        var whole = trimmed(text[...])
        let name = "authorization:"
        if whole.prefix(name.count).lowercased() == name {
            let value = trimmed(whole.dropFirst(name.count))
            if value.prefix(6).lowercased() == "bearer" { whole = value }
        }
        let scheme = whole.prefix(6)
        let rest = whole.dropFirst(6)
        guard scheme.lowercased() == "bearer", rest.first?.isWhitespace ?? true else { return Array(whole.utf8) }
        return Array(trimmed(rest).utf8)
    }
}
