/// Removes everything that has the form of a token: no command ever prints a token.
public enum TokenMask {
    /// What is printed in place of a token.
    public static let placeholder = "<token>"

    /// How much to remove.
    public enum Strictness: Sendable {
        /// For results, which may contain certificates and keys: only what must be a token.
        case results
        /// For messages, which repeat arguments: also what could be a token.
        case messages
    }

    /// The text with every token replaced: compact JWS and JWE, also within a longer word or broken over lines, and
    /// their beginnings.
    public static func hide(_ text: String, in strictness: Strictness = .results) -> String {
        let bytes = Array(text.utf8)
        var output: [UInt8] = []
        var kept = 0
        var place = 0
        while place < bytes.count {
            guard isTokenByte(bytes[place]) else {
                place += 1
                continue
            }
            let end = endOfWord(bytes, from: place)
            if let start = token(in: bytes, from: place, to: end, strictness: strictness) {
                output += bytes[kept..<start]
                output += Array(placeholder.utf8)
                kept = endOfContinuation(bytes, from: end)
                place = kept
            } else {
                place = end
            }
        }
        guard kept > 0 else { return text }
        return String(decoding: output + bytes[kept...], as: UTF8.self)
    }

    // MARK: Form

    /// Where a token begins in a word of base64url letters and dots.
    private static func token(in bytes: [UInt8], from start: Int, to end: Int, strictness: Strictness) -> Int? {
        if strictness == .messages, end - start >= 128 { return start }
        guard end - start >= 16 else { return nil }
        // In other base64 alphabets, a plus sign or a slash does not end the word.
        let isInsideOfMore = start > 0 && [UInt8(ascii: "+"), UInt8(ascii: "/")].contains(bytes[start - 1])
        var part = start
        while part < end {
            let partEnd = bytes[part..<end].firstIndex(of: UInt8(ascii: ".")) ?? end
            let next = min(partEnd + 1, end)
            let nextCount = (bytes[next..<end].firstIndex(of: UInt8(ascii: ".")) ?? end) - next
            if let first = firstObject(bytes, from: part, to: partEnd, needsMember: true) {
                let isAlone = strictness == .messages || first == part && !(first == start && isInsideOfMore)
                if isAlone && partEnd - first >= 16 || partEnd - first >= 12 && nextCount >= 12 { return first }
            }
            if nextCount >= 12, isObject(bytes, at: next, to: end, needsMember: false),
                let first = firstObject(bytes, from: part, to: partEnd, needsMember: false), partEnd - first >= 12
            {
                return first
            }
            part = partEnd + 1
        }
        return nil
    }

    private static func firstObject(_ bytes: [UInt8], from start: Int, to end: Int, needsMember: Bool) -> Int? {
        (start..<end).first { isObject(bytes, at: $0, to: end, needsMember: needsMember) }
    }

    /// Whether base64url of a JSON object could begin here: `{"`, or an opening brace and white space.
    private static func isObject(_ bytes: [UInt8], at place: Int, to end: Int, needsMember: Bool) -> Bool {
        guard end - place >= 3, bytes[place] == UInt8(ascii: "e") else { return false }
        let (second, third) = (bytes[place + 1], bytes[place + 2])
        if second == UInt8(ascii: "y"), (UInt8(ascii: "I")...UInt8(ascii: "L")).contains(third) { return true }
        guard !needsMember else { return false }
        if second == UInt8(ascii: "y") { return (UInt8(ascii: "A")...UInt8(ascii: "D")).contains(third) }
        return second == UInt8(ascii: "w") && Array("klmnopqr0123".utf8).contains(third)
    }

    // MARK: Words

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
            true
        default: false
        }
    }

    private static func endOfWord(_ bytes: [UInt8], from start: Int) -> Int {
        bytes[start...].firstIndex { !isTokenByte($0) } ?? bytes.count
    }

    /// The end of a token that continues on the next lines. A line end may be escaped, or replaced by U+FFFD.
    private static func endOfContinuation(_ bytes: [UInt8], from start: Int) -> Int {
        let replacement = Array("\u{FFFD}".utf8)
        var end = start
        while end < bytes.count {
            var place = end
            var hasLineEnd = false
            while place < bytes.count {
                let escaped = place + 1 < bytes.count && bytes[place] == UInt8(ascii: "\\")
                if escaped, [UInt8(ascii: "n"), UInt8(ascii: "r")].contains(bytes[place + 1]) {
                    hasLineEnd = true
                    place += 2
                } else if bytes[place...].starts(with: replacement) {
                    hasLineEnd = true
                    place += replacement.count
                } else if (9...13).contains(bytes[place]) || bytes[place] == UInt8(ascii: " ") {
                    if bytes[place] == 10 || bytes[place] == 13 { hasLineEnd = true }
                    place += 1
                } else {
                    break
                }
            }
            guard hasLineEnd, place < bytes.count else { break }
            let wordEnd = endOfWord(bytes, from: place)
            let isQuotedEnd = wordEnd < bytes.count && [UInt8(ascii: "'"), UInt8(ascii: "\"")].contains(bytes[wordEnd])
            guard wordEnd - place >= 16 || wordEnd > place && isQuotedEnd else { break }
            end = wordEnd
        }
        return end
    }
}
