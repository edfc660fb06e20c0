import Entra
import Jansson

/// Text that somebody pasted: a token, something that contains one, or something else that can be named.
public struct TokenInput: Sendable {
    /// What contained the token.
    public enum Wrapping: String, Sendable {
        case none
        case bearer
        case quotes
        case field
        case execCredential
        case tokenCache
        case azureCLI
        case tokenResponse
        case tokenReview
        case kubeconfig
        case redirect
        case variable
    }

    /// How the input was written.
    public enum Encoding: Sendable {
        case utf8
        case utf8WithMark
        /// As PowerShell writes it, in either byte order.
        case utf16
    }

    /// The token's bytes as they are checked. Not a token if ``other`` is set.
    public let token: [UInt8]
    /// The token's bytes with the line breaks in it.
    let written: [UInt8]
    /// What contained the token.
    public let wrapping: Wrapping
    /// What the input is, if it is not a token.
    public private(set) var other: CredentialKind?
    /// Entra's error code, if the input is the message of a failed sign-in; otherwise nil.
    private(set) var errorCode: String?
    /// Whether line breaks within the token were removed, as terminals add them.
    public let hadLineBreaks: Bool
    /// Number of tokens in a cache.
    public let choices: Int
    /// How the input was written. The API server understands tokens in plain UTF-8 only.
    public private(set) var encoding = Encoding.utf8

    /// Recognizes an input. White space around it and line breaks within it are removed.
    public init(_ input: [UInt8]) {
        guard let (text, encoding) = TokenInput.text(input) else {
            self.init(token: input, other: .notText)
            return
        }
        let trimmed = TokenInput.trimmed(text[...])
        switch trimmed.utf8.first {
        case nil: self.init(token: [], other: .nothing)
        case UInt8(ascii: "{"), UInt8(ascii: "["): self.init(json: trimmed)
        default: self.init(plain: trimmed)
        }
        self.encoding = encoding
        // An error message may have two dots like a token, but it also has spaces, which no token has.
        if other != nil || token.contains(UInt8(ascii: " ")) {
            errorCode = SignInError.code(in: String(decoding: trimmed.utf8.prefix(65_536), as: UTF8.self))
            if errorCode != nil { other = .signInError }
        }
    }

    init(token: [UInt8], wrapping: Wrapping = .none, other: CredentialKind? = nil, choices: Int = 1) {
        written = token
        let joined = TokenInput.withoutLineBreaks(token)
        self.token = joined
        self.wrapping = wrapping
        self.other = other ?? TokenInput.classify(joined)
        self.choices = choices
        hadLineBreaks = joined.count < token.count
    }

    // MARK: Text around a token

    private init(plain text: Substring) {
        let beginning = text.prefix(4096).lowercased()
        if beginning.contains("kind: config") || beginning.contains("users:\n") {
            self.init(kubeconfig: text)
            return
        }
        if beginning.contains("devicelogin") || beginning.contains("microsoft.com/device") {
            self.init(token: Array(text.utf8), other: .deviceLogin)
            return
        }
        for name in ["access_token=", "id_token="] {
            if let start = text.firstRange(of: name), beginning.contains(name) {
                let token = text[start.upperBound...].prefix { $0 != "&" && !$0.isWhitespace }
                self.init(token: Array(token.utf8), wrapping: .redirect)
                return
            }
        }
        if beginning.hasPrefix("code=") || beginning.contains("?code=") || beginning.contains("&code=") {
            self.init(token: Array(text.utf8), other: .authorizationCode)
            return
        }
        let (rest, wrapping) = TokenInput.unwrapped(text)
        guard !rest.isEmpty else {
            self.init(token: [], wrapping: wrapping, other: .nothing)
            return
        }
        self.init(token: Array(rest.utf8), wrapping: wrapping)
    }

    /// Removes what surrounds a token in a header, a shell command or a file, the outermost first.
    private static func unwrapped(_ text: Substring) -> (rest: Substring, wrapping: Wrapping) {
        var rest = text
        var wrapping = Wrapping.none
        for _ in 0..<8 {
            let before = rest.utf8.count
            if let last = rest.last, rest.utf8.count > 1, let first = rest.first, first == last, "\"'`".contains(first)
            {
                rest = trimmed(rest.dropFirst().dropLast())
                if wrapping == .none { wrapping = .quotes }
            }
            if let last = rest.last, last == "," || last == ";" { rest = trimmed(rest.dropLast()) }
            for (prefix, kind) in prefixes {
                guard rest.prefix(prefix.count).lowercased() == prefix else { continue }
                let after = rest.dropFirst(prefix.count)
                // A word counts only if it ends there.
                guard !(prefix.last?.isLetter ?? false) || (after.first?.isWhitespace ?? true) else { continue }
                rest = trimmed(after)
                if kind != .none { wrapping = kind }
            }
            if let value = assigned(rest) {
                rest = value
                wrapping = .variable
            }
            if rest.utf8.count == before { break }
        }
        return (rest, wrapping)
    }

    /// The value in a shell's assignment, such as `TOKEN=eyJ…` or PowerShell's `$token = "eyJ…"`; nil if the text is
    /// something else, or the value does not begin like a token.
    private static func assigned(_ text: Substring) -> Substring? {
        guard let sign = text.prefix(128).firstIndex(of: "=") else { return nil }
        let name = trimmed(text[..<sign])
        let value = trimmed(text[text.index(after: sign)...])
        let isName = name.utf8.allSatisfy { byte in
            (48...58).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || byte == 95
                || byte == UInt8(ascii: "$")
        }
        let isToken = value.drop { "\"'`".contains($0) }.hasPrefix("eyJ")
        return !name.isEmpty && isName && isToken ? value : nil
    }

    private static let prefixes: [(String, Wrapping)] = [
        ("> ", .none), ("-h ", .none), ("export ", .none), ("set ", .none), ("authorization:", .bearer),
        ("bearer", .bearer), ("pop", .bearer),
        ("token:", .field), ("\"token\":", .field), ("access_token:", .field), ("\"access_token\":", .field),
        ("\"accesstoken\":", .field),
    ]

    private init(kubeconfig text: Substring) {
        var tokens: [Substring] = []
        for line in text.split(whereSeparator: \.isNewline) {
            let line = TokenInput.trimmed(line)
            guard line.hasPrefix("token:") else { continue }
            let value = TokenInput.unwrapped(TokenInput.trimmed(line.dropFirst(6))).rest
            if !value.isEmpty { tokens.append(value) }
        }
        guard let first = tokens.first else {
            self.init(token: Array(text.utf8), other: .kubeconfig)
            return
        }
        self.init(token: Array(first.utf8), wrapping: .kubeconfig, choices: tokens.count)
    }

    // MARK: Naming

    private static func classify(_ token: [UInt8]) -> CredentialKind? {
        guard !token.isEmpty else { return .nothing }
        // A million dots are counted, not split.
        let dots = token.reduce(0) { $1 == UInt8(ascii: ".") ? $0 + 1 : $0 }
        let beginning = String(decoding: token.prefix(64), as: UTF8.self)
        if isOpaque(beginning) { return .refreshToken }
        if dots == 2 || dots == 4 {
            // Text that starts with e may be base64url of a JSON object; the checks tell what it is.
            return dots == 2 || beginning.hasPrefix("e") ? nil : .garbage
        }
        if beginning.hasPrefix("-----BEGIN") { return .pem }
        if beginning.hasPrefix("<") { return .markup }
        if token.count == 23, dots == 1, token[6] == UInt8(ascii: "."),
            token.allSatisfy({ $0 == 46 || (48...57).contains($0) || (97...122).contains($0) })
        {
            return .bootstrapToken
        }
        let isSecret = dots == 0 && (34...44).contains(token.count) && token.contains(UInt8(ascii: "~"))
        return isSecret ? .clientSecret : .garbage
    }

    /// Refresh tokens and authorization codes of Entra and of Microsoft accounts; both start in the same way.
    private static func isOpaque(_ text: String) -> Bool {
        ["0.A", "1.A", "M.C", "M.R", "AwABAAA", "AQABAAA", "OAQABAAA"].contains(where: text.hasPrefix)
    }

    // MARK: Bytes

    /// Reads UTF-8, or UTF-16 as PowerShell writes it, with or without a byte order mark. Nil for anything else.
    private static func text(_ input: [UInt8]) -> (text: String, encoding: Encoding)? {
        if input.starts(with: [0xEF, 0xBB, 0xBF]) {
            return String(validating: input.dropFirst(3), as: UTF8.self).map { ($0, .utf8WithMark) }
        }
        if let isBigEndian = isUTF16(input) {
            let units = stride(from: 0, to: input.count, by: 2).map { place in
                let (one, other) = (UInt16(input[place]), UInt16(input[place + 1]))
                return isBigEndian ? one << 8 | other : other << 8 | one
            }
            let text = units.first == 0xFEFF ? units.dropFirst() : units[...]
            return String(validating: text, as: UTF16.self).map { ($0, .utf16) }
        }
        return String(validating: input, as: UTF8.self).map { ($0, .utf8) }
    }

    /// Whether this is UTF-16 with the high byte first; nil for anything that is not UTF-16. Without a byte order mark
    /// it is known by its zeros, since tokens are ASCII.
    private static func isUTF16(_ input: [UInt8]) -> Bool? {
        guard input.count >= 2, input.count % 2 == 0 else { return nil }
        if input.starts(with: [0xFF, 0xFE]) { return false }
        if input.starts(with: [0xFE, 0xFF]) { return true }
        let pairs = stride(from: 0, to: min(input.count, 64), by: 2).map { (input[$0] == 0, input[$0 + 1] == 0) }
        if pairs.allSatisfy({ $0.0 && !$0.1 }) { return true }
        if pairs.allSatisfy({ !$0.0 && $0.1 }) { return false }
        return nil
    }

    static func trimmed(_ text: Substring) -> Substring {
        let scalars = text.unicodeScalars
        guard let start = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let end = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return text[text.endIndex...] }
        return text[start..<scalars.index(after: end)]
    }

    /// Removes line breaks with the white space around them. White space within a line stays and is an error.
    private static func withoutLineBreaks(_ token: [UInt8]) -> [UInt8] {
        func isSpace(_ byte: UInt8) -> Bool { byte == 32 || (9...13).contains(byte) }
        guard token.contains(where: { $0 == 10 || $0 == 13 }) else { return token }
        var joined: [UInt8] = []
        joined.reserveCapacity(token.count)
        var position = 0
        while position < token.count {
            guard isSpace(token[position]) else {
                joined.append(token[position])
                position += 1
                continue
            }
            let end = token[position...].firstIndex { !isSpace($0) } ?? token.count
            let run = token[position..<end]
            if !run.contains(where: { $0 == 10 || $0 == 13 }) { joined += run }
            position = end
        }
        return joined
    }
}
