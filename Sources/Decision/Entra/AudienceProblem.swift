/// Why no access token of Entra can carry an audience: `aud` is an application's ID, perhaps after `spn:`, or one of
/// its identifier URIs.
public enum AudienceProblem: Hashable, Sendable {
    /// As in a list that was pasted.
    case endsWithPunctuation
    /// Blanks, quotes or invisible characters, which neither form has.
    case hasBlanksOrQuotes
    /// A display name, for example.
    case isNeitherIDNorURI

    /// The first problem of an audience; nil if a token can carry it.
    public init?(_ audience: String) {
        // Some tools print IDs in braces.
        let isInBraces = audience.utf8.first == UInt8(ascii: "{") && audience.utf8.last == UInt8(ascii: "}")
        guard GUID(isInBraces ? String(audience.dropFirst().dropLast()) : audience) == nil else { return nil }
        if audience.unicodeScalars.contains(where: Self.isInNoURI) {
            self = .hasBlanksOrQuotes
        } else if let last = audience.utf8.last, ",;".utf8.contains(last) {
            self = .endsWithPunctuation
        } else if !Self.isURI(audience) {
            self = .isNeitherIDNorURI
        } else {
            return nil
        }
    }

    /// What is wrong, after the name of an option or `this`.
    public var words: String {
        switch self {
        case .endsWithPunctuation: "ends with a comma or a semicolon"
        case .hasBlanksOrQuotes: "has blanks, quotes or invisible characters in it"
        case .isNeitherIDNorURI: "is neither an application's ID (a GUID) nor a URI"
        }
    }

    /// What is wrong with the value of an option, and what it must be.
    public func sentence(option: String) -> String {
        "\(option) \(words): it must be the server application's ID, or its URI"
    }

    private static func isInNoURI(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        return scalar.value <= 32 || properties.isWhitespace || properties.isDefaultIgnorableCodePoint
            || "\"'`<>\u{201C}\u{201D}\u{2018}\u{2019}".unicodeScalars.contains(scalar)
    }

    /// Whether it starts with a scheme and does not end with it (RFC 3986, section 3).
    private static func isURI(_ text: String) -> Bool {
        let parts = text.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[1].isEmpty, let first = parts[0].first else { return false }
        func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 32) }
        return isLetter(first)
            && parts[0].allSatisfy { isLetter($0) || (48...57).contains($0) || "+-.".utf8.contains($0) }
    }
}
